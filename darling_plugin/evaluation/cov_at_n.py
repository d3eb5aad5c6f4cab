"""Cov@N: the expected number of distinct classes among N correct samples.

    Cov@N = Σ over the classes of correct samples, x of the m correct ones each, of  1 − C(m − x, N) / C(m, N)

N of the m correct samples are drawn without replacement, and a class is covered if any of them is in it: pass@k, class
by class, among the correct samples. It is the mean over all subsets of N correct samples, and so unbiased for N ≤ m
(rarefaction: Hurlbert 1971, "The Nonconcept of Species Diversity"; the estimator of pass@k is that of Chen et al. 2021,
arXiv 2107.03374). Unlike `distinct_correct`, which draws k of all samples, it does not rise with pass@1: it is variety
alone, at an equal number of correct answers.

One class: 1. N = 1: 1. N = m, all distinct: m. No correct sample: 0. With 0 < m < N no unbiased estimate exists; the
value is then the number of classes among the m, a lower bound, and `darling eval` leaves such prompts out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.evaluation.semantic import good_classes


def cov_at_n(labels: Sequence[int] | np.ndarray, correct: Sequence[bool] | np.ndarray, n: int) -> float:
    """Cov@N of one problem, in [0, n].

    Args:
        labels: the class of each sample; −1 (left out) only if it is not correct.
        correct: whether each sample is correct, the same length. Incorrect samples count for no class.
        n: correct samples drawn, at least 1.

    Example:
        >>> round(cov_at_n([0, 0, 1, 2], [True, True, True, False], n=2), 4)  # of 3 pairs, 1 in one class, 2 in two
        1.6667
    """
    n = checks.at_least_one("n", n)
    classes, good = good_classes("correct", labels, correct)
    sizes = np.unique(classes[good], return_counts=True)[1]
    m = int(good.sum())
    return float(pass_at_k(m, sizes, min(n, m)).sum()) if m else 0.0
