"""What each two of several sets of codes have in common, as one product of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Weight = Callable[[np.ndarray], np.ndarray]
"""Weights of distinct codes; the same shape."""


class Overlap:
    """Of n sets of distinct codes, each (codes,)."""

    def __init__(self, sets: Sequence[np.ndarray]):
        self._n = len(sets)
        codes = np.concatenate([*sets, np.empty(0, dtype=np.uint32)])
        self._text = np.repeat(np.arange(self._n), [len(own) for own in sets])
        self._distinct, self._column = _numbered(codes)
        # A code of one set alone is in no intersection.
        self._several = np.bincount(self._column, minlength=len(self._distinct)) > 1
        place = np.cumsum(self._several) - 1
        kept = self._several[self._column]
        self._has = np.zeros((self._n, int(self._several.sum())), dtype=np.float32)
        self._has[self._text[kept], place[self._column[kept]]] = 1.0

    def weights(self, weight: Weight | None = None) -> tuple[np.ndarray, np.ndarray]:
        """own[i] = the weight of set i, (n,); shared[i, j] = that of what i and j have in common, (n, n).

        weight: None counts the codes.
        """
        each = np.ones(len(self._distinct)) if weight is None else weight(self._distinct)
        own = np.bincount(self._text, each[self._column], minlength=self._n)
        weighted = self._has if weight is None else self._has * each[self._several].astype(np.float32)
        shared = (weighted @ self._has.T).astype(np.float64)
        np.fill_diagonal(shared, own)
        return own, shared

    def shares(self, weight: Weight | None = None) -> np.ndarray:
        """Weighted Jaccard, Σ w over a ∩ b / Σ w over a ∪ b, in [0, 1]; 1 for two empty sets. (n, n)."""
        own, shared = self.weights(weight)
        whole = own[:, None] + own[None, :] - shared
        return np.minimum(np.divide(shared, whole, out=np.ones_like(shared), where=whole > 0), 1.0)


def _numbered(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`np.unique(codes, return_inverse=True)`, in less time where the codes are sorted runs: the sort is a merge."""
    order = codes.argsort(kind="stable")
    ordered = codes[order]
    first = np.concatenate([np.ones(min(1, len(codes)), dtype=bool), ordered[1:] != ordered[:-1]])
    numbers = np.empty(len(codes), dtype=np.int64)
    numbers[order] = np.cumsum(first) - 1
    return ordered[first], numbers
