"""What goes into a training step, and what comes out of it; no trainer's types."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from darling_plugin.core.groups import Uid


@dataclass(frozen=True)
class Rollouts:
    """The responses of one step, whole groups of them, in any order; one entry per response everywhere.

    texts: what the similarity reads. uid: names the group. quality: (rows,), how good each response is.
    prompts, logprobs: only where the objective `needs` them (`objectives/base.py`).
    """

    texts: Sequence[str]
    uid: Uid
    quality: Sequence[float] | np.ndarray
    prompts: Sequence[Hashable] | None = None
    logprobs: Sequence[float] | np.ndarray | None = None


@dataclass(frozen=True)
class StepResult:
    """What to train on; one entry per response in each array.

    rewards, advantages: of the objective. quality: as it came in. gain: rewards − quality, what the objective adds.
    diversity: None where the objective has none. labels: class within the uid, −1 = left out; None without classes.
    correct: quality above `darling.diversity.correct_threshold`.
    """

    uid: np.ndarray
    quality: np.ndarray
    correct: np.ndarray
    rewards: np.ndarray
    advantages: np.ndarray
    diversity: np.ndarray | None
    labels: np.ndarray | None

    @property
    def gain(self) -> np.ndarray:
        return self.rewards - self.quality
