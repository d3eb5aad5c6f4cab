"""Labeled pairs of Countdown responses, for a classifier to learn from: the policy's own samples, and variations.

Of each prompt: every two different responses; and for each response that is an expression, `VARIATIONS` times, it and
the same solution written in another order, it and a neighbor (another operator or digit, or two digits swapped), and
both of those written in another order. Samples alone would teach little: 3 % of their pairs are equivalent, and few of
the others differ by one character.

The symbolic similarity (`darling_plugin/countdown/similarity.py`) labels all of them, wrong answers by the same rule as
right ones. A broken response is equivalent to none of another text, so all its pairs are distinct.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.similarity import equivalent
from darling_plugin.countdown.task import OPERATORS, parse
from darling_plugin.tools.classifier.pairs import Pair, read_pairs, write_pairs
from recipes.countdown.evaluate import sample
from recipes.countdown.threads import torch_threads
from recipes.countdown.warmstart import WarmStart

SAMPLES = 12  # responses to each prompt
VARIATIONS = 3
FORMAT = 1  # raise when the same arguments give other pairs: a file written before is then written anew


class Labelled(NamedTuple):
    """The pairs, and whether they were on disk already."""

    pairs: list[Pair]
    reused: bool


def labelled_pairs(path: Path, policy: WarmStart, prompts: Sequence[Prompt], *, seed: int = 0) -> Labelled:
    """Write the pairs as JSON lines (`classifier/pairs.py`), or read those that the same arguments gave before.

    What they were made from is noted beside them, in `<path>.manifest.json`. A file that was changed since, or comes
    from another policy, other prompts or another seed, is written anew.
    """
    note = path.with_name(f"{path.name}.manifest.json")
    settings = {
        "format": FORMAT,
        "seed": seed,
        "policy": policy.digest,
        "prompts": hashlib.sha256("\n".join(prompt.text for prompt in prompts).encode()).hexdigest(),
        "samples": SAMPLES,
        "variations": VARIATIONS,
    }
    if _matches(note, settings, path):
        return Labelled(read_pairs(path), reused=True)
    with torch_threads(1):
        responses = sample(policy.folder, prompts, samples=SAMPLES, seed=seed)
    pairs = make_pairs(prompts, responses, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pairs(path, pairs)
    note.write_text(json.dumps({"settings": settings, "sha256": _digest(path)}, indent=2) + "\n")
    return Labelled(pairs, reused=False)


def make_pairs(prompts: Sequence[Prompt], responses: Sequence[Sequence[str]], seed: int = 0) -> list[Pair]:
    """The labeled pairs of responses[i], the responses to prompts[i]; no pair twice within a prompt."""
    rng = random.Random(f"countdown pairs {seed}")
    pairs: list[Pair] = []
    for prompt, texts in zip(prompts, responses, strict=True):
        texts = list(dict.fromkeys(texts))
        found = list(combinations(texts, 2))
        for text in [text for text in texts if parse(text) is not None for _ in range(VARIATIONS)]:
            changed = neighbour(text, prompt.digits, rng)
            found += [(text, respelt(text, rng)), (text, changed), (respelt(text, rng), respelt(changed, rng))]
        unordered = {frozenset(pair): pair for pair in found}
        asked = [pair for two, pair in unordered.items() if len(two) == 2]
        pairs += [Pair(prompt.text, a, b, int(same)) for (a, b), same in zip(asked, equivalent(asked), strict=True)]
    return pairs


def every_pair(prompts: Sequence[Prompt], responses: Sequence[Sequence[str]]) -> list[Pair]:
    """Every two different responses of responses[i], those to prompts[i]: whole groups, whose classes are known.

    That is what the aim `classes` of `darling classifier calibrate` needs. A prompt with one text has no pair.
    """
    pairs: list[Pair] = []
    for prompt, texts in zip(prompts, responses, strict=True):
        asked = list(combinations(dict.fromkeys(texts), 2))
        pairs += [Pair(prompt.text, a, b, int(same)) for (a, b), same in zip(asked, equivalent(asked), strict=True)]
    return pairs


def respelt(text: str, rng: random.Random) -> str:
    """The same solution, its terms and their factors in random order: `3*7-2` or `7*3-2`. `8-2` has one order only."""
    expression = parse(text)
    assert expression is not None, text
    terms = list(expression.form)
    # A sign cannot lead, and every form has a term without one: the first of any text that it came from.
    first = terms.pop(rng.choice([place for place, (sign, _) in enumerate(terms) if sign > 0]))
    rng.shuffle(terms)
    written = ("+-"[sign < 0] + "*".join(str(d) for d in rng.sample(factors, len(factors)))
               for sign, factors in [first, *terms])  # fmt: skip
    return "".join(written)[1:]


def neighbour(text: str, digits: Sequence[int], rng: random.Random) -> str:
    """The expression with one thing changed: a digit for one of `digits`, an operator, or two digits swapped.

    By chance it is the same text, or another spelling of the same solution.
    """
    characters = list(text.strip())
    kind = rng.choice(["digit", "operator", "swap"])
    if kind == "digit":
        characters[rng.randrange(0, len(characters), 2)] = str(rng.choice(digits))
    elif kind == "operator":
        characters[rng.randrange(1, len(characters), 2)] = rng.choice(OPERATORS)
    else:
        i, j = rng.sample(range(0, len(characters), 2), 2)
        characters[i], characters[j] = characters[j], characters[i]
    return "".join(characters)


def _matches(note: Path, settings: dict[str, Any], path: Path) -> bool:
    if not note.is_file() or not path.is_file():
        return False
    return json.loads(note.read_text()) == {"settings": settings, "sha256": _digest(path)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
