"""Negative-sample reinforcement: push wrong responses down, right ones up only a little (arXiv 2506.01347).

    A_i = weight    where i is right
    A_i = −1        where it is wrong

weight = 0 is the paper's NSR, 0.1 its W-REINFORCE, 1 REINFORCE on ±1. Source: `compute_psr_nsr_outcome_advantage` in
TianHongZXY/RLVR-Decomposed (`positive_advantage_weight`, recommended 0.1).

It uses no groups and no baseline: what is taken from wrong responses goes to whatever else the policy finds likely, so
diversity is kept without being measured. A group of one counts like any other. All right: A = weight for all; all
wrong: −1 for all. Quality counts only by whether it is above `darling.diversity.correct_threshold`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.objectives.base import Batch, Objective, Scored


class NegativeReinforcement(Objective):
    """`positive_weight`: of a right response."""

    centered = False

    def __init__(self, positive_weight: float = 0.1):
        self.positive_weight = checks.number("positive_weight", positive_weight)

    def score(self, batch: Batch) -> Scored:
        return Scored(batch.quality, negative_reinforcement_advantages(batch.correct, weight=self.positive_weight))


def negative_reinforcement_advantages(correct: Sequence[bool] | np.ndarray, weight: float = 0.1) -> np.ndarray:
    """A of each response, shape (rows,), from whether it is right."""
    right = checks.flags("correct", correct, len(correct), "correct")
    return np.where(right, checks.number("weight", weight), -1.0)
