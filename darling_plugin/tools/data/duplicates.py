"""Exact and near duplicates. Of each the first stays: sort by `item.rank` before, and the source's order plays no part.

Exact: equal but for looks (`text_normalization.key`). Where exact duplicates have
different answers, at least one of them is wrong, so all are dropped.

Near: the Jaccard similarity of their runs of 5 words or signs is at least 0.8, the settings of Lee et al. (arXiv
2107.06499): two texts of 30 words that differ in an inner one have 21 of 31 runs in common, which is too little.
Candidates come from MinHash signatures in bands, and are then compared exactly, so that no text is dropped by chance.
A pair of similarity s is a candidate with probability 1 − (1 − s^ROWS)^BANDS: 0.9998 for 0.8. A text of fewer than
5 words and signs is its own only run. Problems with other numbers, or another answer, are other problems, however alike
they read; prompts without an answer, which a reward model scores, are not told apart by their numbers.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from darling_plugin.tools.data.funnel import Step
from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.text_normalization import key, tokens

RUN = 5
JACCARD = 0.8
BANDS, ROWS = 16, 4
_NUMBER = re.compile(r"[0-9]+")

_random = np.random.Generator(np.random.PCG64(20250902))
_MULTIPLIERS = _random.integers(1, 2**64, BANDS * ROWS, dtype=np.uint64, endpoint=False) | np.uint64(1)
_SHIFTS = _random.integers(0, 2**64, BANDS * ROWS, dtype=np.uint64, endpoint=False)


def without_exact(items: Sequence[Item], step: Step) -> list[Item]:
    """The items, each text once; texts with contradicting answers not at all."""
    answers: defaultdict[str, set[str]] = defaultdict(set)
    keys = [key(item.text) for item in items]
    for item, own in zip(items, keys, strict=True):
        answers[own].add(key(item.answer))
    kept: dict[str, Item] = {}
    for item, own in zip(items, keys, strict=True):
        if len(answers[own]) > 1:
            step.drop("same text, another answer", item.text)
        elif own in kept:
            step.drop("same text", item.text)
        else:
            kept[own] = item
    step.kept = len(kept)
    return list(kept.values())


def without_near(items: Sequence[Item], step: Step, advance: Callable[[], None]) -> list[Item]:
    """The items, without those that are nearly one before them. `advance` is called once for each."""
    kept: list[Item] = []
    runs_of: list[np.ndarray] = []
    bands: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    for item in items:
        runs = _runs(item.text)
        signature = _signature(runs)
        buckets = [bands[band, signature[band * ROWS : (band + 1) * ROWS].tobytes()] for band in range(BANDS)]
        candidates = dict.fromkeys(n for b in buckets for n in b)
        twin = next((n for n in candidates if _jaccard(runs, runs_of[n]) and not _other_problem(item, kept[n])), None)
        if twin is not None:
            step.drop("nearly the same text", item.text, twin=kept[twin].id)
        else:
            for bucket in buckets:
                bucket.append(len(kept))
            kept.append(item)
            runs_of.append(runs)
        advance()
    step.kept = len(kept)
    return kept


def _other_problem(one: Item, other: Item) -> bool:
    """Whether two problems differ in their numbers, or in the answer: then they only look alike."""
    return key(one.answer) != key(other.answer) or bool(
        one.answer and _NUMBER.findall(one.text) != _NUMBER.findall(other.text)
    )


def _runs(text: str) -> np.ndarray:
    """The text's runs of words as sorted 32-bit numbers, each once; one number where it has no whole run."""
    spoken = tokens(text)
    starts = range(max(1, len(spoken) - RUN + 1))
    return np.unique(np.array([zlib.crc32(" ".join(spoken[s : s + RUN]).encode()) for s in starts], dtype=np.uint64))


def _signature(runs: np.ndarray) -> np.ndarray:
    """The least of the runs' numbers under each of BANDS × ROWS hash functions (multiply and shift)."""
    return ((runs[:, None] * _MULTIPLIERS + _SHIFTS) >> np.uint64(32)).min(axis=0)


def _jaccard(one: np.ndarray, other: np.ndarray) -> bool:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common >= JACCARD * (len(one) + len(other) - common)
