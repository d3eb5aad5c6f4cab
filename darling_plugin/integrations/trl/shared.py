"""Classes of groups that lie in several processes: each group's are found by one process, and all receive them.

Every process calls the same methods with the same whole batch and makes the same number of collectives, also where
the similarity fails in one of them: all of them then raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darling_plugin.core import Partition
from darling_plugin.core.groups import Uid
from darling_plugin.core.partition import LEFT_OUT
from darling_plugin.errors import SimilarityError
from darling_plugin.step import Classes


@dataclass(frozen=True)
class Group:
    """The uid of a group. owner: the process that has its first row, and finds its classes."""

    number: int
    owner: int


class SharedClasses:
    """`classes` of this process for the groups that it owns; those of the other processes for the rest."""

    def __init__(self, classes: Classes):
        self._own = classes

    def partition(
        self, texts: Sequence[str], uid: Uid, correct: Sequence[bool] | np.ndarray | None = None
    ) -> Partition:
        """As `Classes.partition`; every uid is a `Group`."""
        rank, _ = place()
        rows = [row for row, group in enumerate(uid) if group.owner == rank]

        def own() -> tuple[list[int], Partition]:
            flags = None if correct is None else [bool(correct[row]) for row in rows]
            return rows, self._own.partition([texts[row] for row in rows], [uid[row] for row in rows], flags)

        parts = _from_everyone(own)
        labels = np.full(len(texts), LEFT_OUT, dtype=np.int64)
        for part_rows, part in parts:
            labels[part_rows] = part.labels
        found = [part for _, part in parts]
        return Partition(
            labels=labels,
            scored=sum(part.scored for part in found),
            skipped=sum(part.skipped for part in found),
            rounds=max(part.rounds for part in found),
            looked_up=sum(part.looked_up for part in found),
        )

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """As `Classes.probabilities`; each process scores a share of the pairs."""
        share = _share(pairs)
        parts = _from_everyone(lambda: self._own.probabilities(share) if share else None)
        return np.concatenate([part for part in parts if part is not None])

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """As `Classes.vectors`; each process encodes a share of the texts."""
        share = _share(texts)
        parts = _from_everyone(lambda: self._own.vectors(share) if share else None)
        return np.concatenate([part for part in parts if part is not None])


def place() -> tuple[int, int]:
    """Number of this process, and how many there are."""
    from accelerate import PartialState

    state = PartialState()
    return state.process_index, state.num_processes


def gather(value: Any) -> list[Any]:
    """`value` of every process, in their order. Every process must call it equally often."""
    from accelerate.utils import gather_object

    return gather_object([value])


def _share(items: Sequence[Any]) -> list[Any]:
    rank, processes = place()
    size = -(-len(items) // processes)
    return list(items[rank * size : (rank + 1) * size])


def _from_everyone(work: Callable[[], Any]) -> list[Any]:
    try:
        outcome, failure = work(), None
    except SimilarityError as error:
        outcome, failure = None, str(error)
    outcomes = gather((outcome, failure))
    for process, (_, failed) in enumerate(outcomes):
        if failed is not None:
            raise SimilarityError(failed if len(outcomes) == 1 else f"process {process}: {failed}")
    return [each for each, _ in outcomes]
