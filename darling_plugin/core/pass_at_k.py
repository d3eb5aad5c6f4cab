"""pass@k: the probability that at least one of k samples is correct.

    pass@k = 1 − C(n − c, k) / C(n, k) = 1 − ∏ over i = n−c+1 … n of (1 − k / i)

from n samples of which c are correct (Chen et al. 2021, arXiv 2107.03374). It is unbiased: the mean over all subsets
of k of the n samples; 1 − (1 − c/n)^k is not. c = 0 gives 0, c > n − k gives 1 (fewer than k are wrong), k = 1
gives c / n. The product is summed as logarithms, so that large n neither overflow nor lose a small value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from darling_plugin.core import checks
from darling_plugin.errors import InputError


@overload
def pass_at_k(n: int, c: int, k: int) -> float: ...
@overload
def pass_at_k(n: int | Sequence[int] | np.ndarray, c: Sequence[int] | np.ndarray, k: int) -> np.ndarray: ...
def pass_at_k(n: int | Sequence[int] | np.ndarray, c: int | Sequence[int] | np.ndarray, k: int) -> float | np.ndarray:
    """pass@k of one problem, or of each of many: result[i] from c[i] correct of n (or n[i]) samples.

    Args:
        n: samples drawn; one number for all problems, or one each.
        c: correct samples, 0 ≤ c ≤ n; a number gives a number, a sequence an array of its shape.
        k: 1 ≤ k ≤ n.

    Example:
        >>> round(pass_at_k(4, 2, 2), 4)  # 1 − C(2, 2) / C(4, 2) = 1 − 1/6
        0.8333
    """
    k = checks.at_least_one("k", k)
    samples, correct = _counts("n", n), _counts("c", c)
    if samples.ndim and samples.shape != correct.shape:
        raise InputError(
            f"`n` must be one number, or one per problem like `c`; got shapes {samples.shape} and {correct.shape}"
        )
    if (samples < k).any():
        raise InputError(
            f"`k` must be at most `n`, got k={k} with n={samples.min()}: no subset of {k} can be drawn; "
            "draw more samples or set a smaller k"
        )
    samples = np.broadcast_to(samples, correct.shape)
    wrong = (correct < 0) | (correct > samples)
    if wrong.any():
        raise InputError(f"`c` must be from 0 to `n`, got c={correct[wrong][0]} with n={samples[wrong][0]}")
    result = np.empty(correct.shape)
    for size in np.unique(samples):
        rows = samples == size
        result[rows] = _by_correct(int(size), k)[correct[rows]]
    return result if result.ndim else float(result)


def _by_correct(n: int, k: int) -> np.ndarray:
    """table[c] = pass@k from n samples with c correct, shape (n + 1,)."""
    if k == 1:
        return np.arange(n + 1) / n  # the same, to the last bit, whatever a machine's logarithm rounds to
    log_all_wrong = np.cumsum(np.log1p(-k / np.arange(n, k, -1)))  # of c = 1 … n − k
    return np.concatenate([[0.0], -np.expm1(log_all_wrong), np.ones(k)])


def _counts(name: str, values: int | Sequence[int] | np.ndarray) -> np.ndarray:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"`{name}` must be whole numbers, got {array.dtype}: {values!r}")
    return array
