"""GRPO on quality alone: the baseline that every other objective is compared with.

    r_i = q_i,   A_i = r_i − mean of r over the group            (Dr. GRPO, arXiv 2503.20783)
    A_i / (std of r over the group + 1e-6)                       with `normalize_by_std` (GRPO, arXiv 2402.03300)

A group of one, or of equal qualities: A = 0. Unlike `algorithm.adv_estimator=grpo` it runs inside the plugin's step.
"""

from __future__ import annotations

from darling_plugin.core import checks, group_advantages
from darling_plugin.objectives.base import Batch, Objective, Scored


class Grpo(Objective):
    """Needs nothing but quality."""

    def __init__(self, normalize_by_std: bool = False):
        self.normalize_by_std = checks.flag("normalize_by_std", normalize_by_std)
        self.centered = not normalize_by_std

    def score(self, batch: Batch) -> Scored:
        advantages = group_advantages(batch.quality, batch.uid, normalize_by_std=self.normalize_by_std)
        return Scored(batch.quality, advantages)
