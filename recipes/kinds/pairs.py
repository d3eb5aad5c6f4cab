"""Labeled pairs of responses, for a classifier to learn from: the policy's own samples, and rewordings.

Of each training category: every two different responses, and for each that names a kind of the category, the same kind
in another sentence (`sentences.py`). Samples alone would teach little, as few of their pairs are equivalent. The exact
similarity (`darling_plugin/kinds/similarity.py`) labels all of them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from darling_plugin.kinds.similarity import equivalent
from darling_plugin.kinds.task import Category, prompt_text, verify
from darling_plugin.tools.classifier.pairs import Pair, read_pairs, write_pairs
from recipes.countdown.threads import torch_threads
from recipes.kinds.experiment.measure import sample_all
from recipes.kinds.policy import load_policy
from recipes.kinds.sentences import FRAMES, answers, write

SAMPLES, MOST_DISTINCT = 8, 12  # responses to a category; distinct pairs of it that are kept


def labelled_pairs(path: Path, warm_start: Path, categories: Sequence[Category], seed: int = 0) -> list[Pair]:
    """Write the pairs as JSON lines, or read those that are there. They belong to the warm start of the same folder."""
    if path.is_file():
        return read_pairs(path)
    with torch_threads(1):
        responses, _, _ = sample_all(load_policy(warm_start, 1), categories, SAMPLES, f"pairs {seed}")
    pairs = make_pairs(categories, responses, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    write_pairs(part, pairs)
    part.replace(path)
    return pairs


def make_pairs(categories: Sequence[Category], responses: Sequence[Sequence[str]], seed: int = 0) -> list[Pair]:
    """The labeled pairs of responses[i], the responses to categories[i]; all equivalent ones, and as many distinct
    ones as `MOST_DISTINCT` allows."""
    rng = random.Random(f"kinds pairs {seed}")
    pairs: list[Pair] = []
    for category, texts in zip(categories, responses, strict=True):
        asked = list(combinations(dict.fromkeys(texts), 2))
        asked += [(text, other) for text in dict.fromkeys(texts) if (other := reworded(category, text, rng))]
        labelled = list(zip(asked, equivalent(asked), strict=True))
        distinct = [own for own, same in labelled if not same]
        kept = [own for own, same in labelled if same] + rng.sample(distinct, min(MOST_DISTINCT, len(distinct)))
        same_of = dict(labelled)
        pairs += [Pair(prompt_text(category), a, b, int(same_of[a, b])) for a, b in kept]
    return pairs


def reworded(category: Category, text: str, rng: random.Random) -> str | None:
    """The same kind by any of its words, in another sentence; None where the response is wrong or has no gloss."""
    kind = verify(category, text)
    own = [(word, gloss) for key, word, gloss in answers(category) if key == kind]
    if not own:
        return None
    word, gloss = rng.choice(own)
    return write(rng.choice(FRAMES), word, gloss)
