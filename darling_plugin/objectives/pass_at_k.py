"""Pass@k training with analytic advantages: a set of k is rewarded if one of it is right (arXiv 2508.10751).

    ρ = 1 − C(n−c, k) / C(n, k),   σ = √(ρ (1 − ρ))                      c right of n responses
    right:  A = (1 − ρ) / (σ + 1e-6)
    wrong:  A = (1 − ρ − C(n−c−1, k−1) / C(n−1, k−1)) / (σ + 1e-6)

Source: `calc_adv` in RUCAIBox/Passk_Training (code/passk_adv.py). It is not verl's estimator `grpo_passk`, which
rewards only the best response of a group, by how much it beats the second best.

It compares no responses: it stops pushing once k samples suffice, and makes no difference between right ones. k = 1 is
GRPO with the standard deviation over n. All right, all wrong, fewer than k wrong, a group of at most k: A = 0 (with
fewer than k the authors' code divides by zero). Quality counts only by whether it is above
`darling.diversity.correct_threshold`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import comb, sqrt

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import EPSILON, group_rows
from darling_plugin.objectives.base import Batch, Objective, Scored


class PassAtK(Objective):
    """`k`: responses in a set."""

    centered = False

    def __init__(self, k: int = 4):
        self.k = checks.at_least_one("k", k)

    def score(self, batch: Batch) -> Scored:
        return Scored(batch.quality, pass_at_k_advantages(batch.correct, batch.uid, k=self.k))


def pass_at_k_advantages(
    correct: Sequence[bool] | np.ndarray, uid: Sequence[Hashable] | np.ndarray, k: int = 4
) -> np.ndarray:
    """A of each response, shape (rows,), from whether it is right."""
    groups = group_rows(uid)
    right = checks.flags("correct", correct, len(groups.index), "uid")
    checks.at_least_one("k", k)
    advantages = np.zeros(len(right))
    for rows in groups.rows:
        n, c = len(rows), int(right[rows].sum())
        if n < k:
            continue
        none = comb(n - c, k) / comb(n, k)  # 1 − ρ
        sigma = sqrt(none * (1 - none))
        without = comb(n - c - 1, k - 1) / comb(n - 1, k - 1) if c < n else 0.0
        advantages[rows] = np.where(right[rows], none, none - without) / (sigma + EPSILON)
    return advantages
