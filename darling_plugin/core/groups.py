"""Rows of a batch, grouped by prompt.

`uid[i]` is any hashable that names the prompt of row i. Groups are numbered in order of first appearance, rows keep
their order inside a group, and nothing assumes that a group's rows are neighbors (verl orders a batch by length).
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darling_plugin.errors import InputError

# What verl's own GRPO adds to a standard deviation before it divides, so that both give the same numbers.
EPSILON = 1e-6


Uid = Sequence[Hashable] | np.ndarray
"""uid[i] names the group of row i: any hashable."""


@dataclass(frozen=True)
class Groups:
    """`index[i]` = the group of row i, shape (rows,); `sizes[g]` = rows in group g, shape (groups,)."""

    index: np.ndarray
    sizes: np.ndarray

    @cached_property
    def rows(self) -> list[list[int]]:
        """rows[g] = the rows of group g, ascending."""
        rows: list[list[int]] = [[] for _ in range(len(self.sizes))]
        for row, group in enumerate(self.index.tolist()):
            rows[group].append(row)
        return rows

    def total(self, values: np.ndarray) -> np.ndarray:
        """total[g] = Σ values[i] over the rows i of group g."""
        return np.bincount(self.index, weights=values, minlength=len(self.sizes))

    def above_lowest(self, values: np.ndarray) -> np.ndarray:
        """values[i] − the lowest value of its group: at least 0, and 0 everywhere in a group of equal values."""
        lowest = np.full(len(self.sizes), np.inf)
        np.minimum.at(lowest, self.index, values)
        return values - lowest[self.index]

    def centred(self, values: np.ndarray) -> np.ndarray:
        """values[i] − the mean of its group.

        Exactly 0 in a group of one or of equal values: the lowest value is subtracted first, so that a
        division cannot amplify a rounding error of the mean.
        """
        above = self.above_lowest(values)
        return above - (self.total(above) / self.sizes)[self.index]

    def standardised(self, values: np.ndarray) -> np.ndarray:
        """centred / (std + 1e-6), std with n − 1, as verl's GRPO does. Groups of one or of equal values give 0."""
        centred = self.centred(values)
        variance = self.total(centred**2) / np.maximum(self.sizes - 1, 1)
        return centred / (np.sqrt(variance) + EPSILON)[self.index]


def group_rows(uid: Sequence[Hashable] | np.ndarray | Iterable[Hashable]) -> Groups:
    """The groups of `uid`; an empty one has no groups."""
    if isinstance(uid, str):
        raise InputError("`uid` must be a sequence with one entry per response, got one string; put it in a list")
    # tolist: an element of a NumPy array is slow to hash, and a row of a matrix cannot be hashed at all.
    names = uid.tolist() if isinstance(uid, np.ndarray) else uid
    numbers: dict[Hashable, int] = {}
    try:
        index = [numbers.setdefault(name, len(numbers)) for name in names]
    except TypeError as error:
        raise InputError(f"`uid` must hold one hashable per response: {error}") from error
    rows = np.array(index, dtype=np.intp)
    return Groups(index=rows, sizes=np.bincount(rows, minlength=len(numbers)))
