"""Pairs of a batch in blocks of few texts, so that each block needs one product of matrices for what its pairs share.

The pairs of one prompt follow one another and share no text with another prompt's: numbered by first appearance, the
texts of a block are consecutive. Blocks with few texts are taken together; one with too many is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

FEWEST, MOST = 16, 256  # texts in a block


@dataclass(frozen=True)
class Block:
    """pairs: where they are in the batch. texts: numbers of its texts. first, second: of each pair, places in texts."""

    pairs: slice
    texts: np.ndarray
    first: np.ndarray
    second: np.ndarray


def number_texts(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The distinct texts by first appearance, and the number of each pair's first and second one."""
    number: dict[str, int] = {}
    found = np.array([number.setdefault(text, len(number)) for pair in pairs for text in pair], dtype=np.int64)
    return list(number), found[::2], found[1::2]


def blocks(first: np.ndarray, second: np.ndarray) -> Iterator[Block]:
    """All pairs, in their order; first[k], second[k] number the texts of pair k by first appearance."""
    if not len(first):
        return
    lowest = np.minimum.accumulate(np.minimum(first, second)[::-1])[::-1]  # of this pair and all later ones
    highest = np.maximum.accumulate(np.maximum(first, second))  # of this pair and all earlier ones
    ends = [*(np.flatnonzero(highest[:-1] < lowest[1:]) + 1).tolist(), len(first)]
    start, last = 0, 0
    for end in ends:
        if last > start and highest[end - 1] - lowest[start] >= FEWEST:
            yield from _cut(first, second, start, last)
            start = last
        last = end
    yield from _cut(first, second, start, len(first))


def _cut(first: np.ndarray, second: np.ndarray, start: int, end: int) -> Iterator[Block]:
    both = np.concatenate([first[start:end], second[start:end]])
    texts, place = np.unique(both, return_inverse=True)
    if len(texts) > MOST:
        middle = (start + end) // 2
        yield from _cut(first, second, start, middle)
        yield from _cut(first, second, middle, end)
        return
    yield Block(slice(start, end), texts, place[: end - start], place[end - start :])
