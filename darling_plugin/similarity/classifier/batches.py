"""Rows in batches of like length, by a budget of tokens: little padding, and no batch that fills the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

TOKENS = 8192
Progress = Callable[[int], None]  # called with how many more rows are done


def by_length(lengths: Sequence[int], budget: int = TOKENS) -> list[list[int]]:
    """Row numbers in batches, the longest rows first.

    A batch's rows × its longest row ≤ budget; a row that is longer than that is a batch of its own. The longest come
    first, so that what does not fit into memory shows at once.
    """
    batches: list[list[int]] = []
    longest = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if not batches or (len(batches[-1]) + 1) * longest > budget:
            batches.append([])
            longest = max(1, lengths[row])
        batches[-1].append(row)
    return batches
