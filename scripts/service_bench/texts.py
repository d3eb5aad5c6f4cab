"""Groups of responses to measure on.

Made ones have the structure that a measurement needs (all distinct, two classes, all the same): short answers to "What
should we do this weekend?", every variant of an answer worded a little differently. Whether the classifier sees them so
is checked against all pairs before anything is timed. Natural ones are a policy's own responses to Countdown prompts,
64 to each, sampled by `models/make_models.py`.
"""

from __future__ import annotations

import json
from itertools import islice, product
from pathlib import Path

OPENINGS = ("", "Well, ", "I think ", "Honestly, ")
HEDGES = ("we could", "we should", "let us", "we might")
ENDINGS = ("", " this weekend", " on Saturday", " together")
PLANS = (
    "bake a sourdough bread with olives and rosemary from the garden",
    "hike up to the old lighthouse and watch the storm",
    "repair the broken bicycle chain and oil the gears",
    "visit the science museum to see the dinosaur skeletons",
    "paint the kitchen walls a pale shade of yellow",
    "learn three chords on the guitar from a video course",
    "plant tomatoes and basil in the wooden boxes",
    "play a long chess tournament with the neighbours",
    "sort the tax papers and file the income statement",
    "knit a woollen scarf for the coming winter",
    "debug the printer driver on the office laptop",
    "cook a lentil curry for the homeless shelter",
    "translate an old Norwegian poem into Greek",
    "write letters to our grandparents in Portugal",
    "adopt a grey kitten from the animal rescue centre",
    "watch every film of Kurosawa in order",
)
NATURAL = Path(__file__).parent / "models" / "countdown_responses.jsonl"


def variants(plan: str, count: int) -> list[str]:
    """`count` wordings of one plan, all different."""
    said = (f"{a}{b} {plan}{c}.".capitalize() for a, b, c in product(OPENINGS, HEDGES, ENDINGS))
    return list(islice(said, count))


def distinct_groups(groups: int, n: int = 8) -> list[list[str]]:
    """Groups of n different plans."""
    every = [variants(plan, groups) for plan in PLANS]
    return [[every[(g + k) % len(PLANS)][g] for k in range(n)] for g in range(groups)]


def two_classes(n: int = 64) -> list[str]:
    """Half of them one plan, half another, in turns."""
    pairs = zip(variants(PLANS[0], n // 2), variants(PLANS[8], n // 2), strict=True)
    return [text for pair in pairs for text in pair]


def all_same(n: int = 64) -> list[str]:
    """One plan, n wordings."""
    return variants(PLANS[3], n)


def natural_groups() -> list[list[str]]:
    """The policy's responses, 64 to each prompt; copies among them, as in training."""
    return [json.loads(line)["responses"] for line in NATURAL.read_bytes().splitlines()]
