"""DARLING: quality times the share of siblings that say something else (arXiv 2509.02534, section 3).

    d_i = max(floor, (n − |class of i|) / (n − 1))
    r_i = q_i · d_i
    A_i = r_i − mean of r over the group

A group of one: d = `singleton`, A = 0. All equivalent: d = floor for all, so A is GRPO's without the standard
deviation, scaled by the floor. All distinct: d = 1, A is GRPO's without the standard deviation. All wrong (q = 0):
A = 0. `scope="correct"` partitions the correct responses alone; the others get the floor.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from darling_plugin.core import checks, fuse_rewards, group_advantages, partition_diversity
from darling_plugin.objectives.base import Batch, Objective, Scored

SCOPES = ("all", "correct")
MODES = ("multiplicative", "additive", "normalized_additive")


class Darling(Objective):
    """The paper's objective and its ablations: the scope, the way to combine, the division by the std."""

    needs: ClassVar[frozenset[str]] = frozenset({"classes"})

    def __init__(
        self,
        scope: str = "all",
        floor: float = 0.1,
        singleton: float = 1.0,
        mode: str = "multiplicative",
        weight: float = 1.0,
        normalize_by_std: bool = False,
    ):
        self.scope = checks.choice("scope", scope, SCOPES)
        self.floor = checks.fraction("floor", floor)
        self.singleton = checks.fraction("singleton", singleton)
        self.mode = checks.choice("mode", mode, MODES)
        self.weight = checks.number("weight", weight)
        self.normalize_by_std = checks.flag("normalize_by_std", normalize_by_std)
        self.multiplies_quality = mode == "multiplicative"
        self.centered = not normalize_by_std

    def score(self, batch: Batch) -> Scored:
        return self.combine(batch, self.diversity(batch))

    def diversity(self, batch: Batch) -> np.ndarray:
        """d of each response."""
        assert batch.labels is not None
        return partition_diversity(batch.labels, batch.uid, floor=self.floor, singleton=self.singleton)

    def combine(self, batch: Batch, diversity: np.ndarray) -> Scored:
        """From quality and diversity to rewards and advantages."""
        rewards = fuse_rewards(batch.quality, diversity, batch.uid, mode=self.mode, weight=self.weight)
        advantages = group_advantages(rewards, batch.uid, normalize_by_std=self.normalize_by_std)
        return Scored(rewards, advantages, diversity)


def darling_advantages(
    quality: Sequence[float] | np.ndarray,
    labels: Sequence[int] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    floor: float = 0.1,
) -> np.ndarray:
    """A of each response, shape (rows,), from its quality and class, with the paper's settings."""
    rewards = fuse_rewards(quality, partition_diversity(labels, uid, floor=floor), uid)
    return group_advantages(rewards, uid)
