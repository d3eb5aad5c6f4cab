"""What an objective is: groups of responses in, rewards and advantages out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

NEEDS = ("classes", "vectors", "probabilities", "answers", "logprobs", "prompts")


@dataclass(frozen=True)
class Batch:
    """The responses of one step. Row i of every array is response i; the groups may be interleaved in any order.

    The first four are always there. Of the others only those that the objective's `needs` names; the rest are None.
    """

    uid: np.ndarray
    """(rows,) objects: uid[i] names the group of response i. A new name in every step."""
    texts: list[str]
    quality: np.ndarray
    """(rows,) float64. Not negative where the objective multiplies it and `darling.fusion.shift` is not `none`."""
    correct: np.ndarray
    """(rows,) bool: quality above `darling.diversity.correct_threshold`, before any shift."""
    labels: np.ndarray | None = None
    """classes: (rows,) class of each response within its uid, numbered from 0; −1 = left out."""
    vectors: np.ndarray | None = None
    """vectors: (rows, dimensions) unit vectors, the similarity's own encoding of each response."""
    probabilities: list[np.ndarray] | None = None
    """probabilities: one matrix P[i, j] = P(equivalent) per group, in order of first appearance; P[i, i] = 1."""
    answers: list[str | None] | None = None
    """answers: the final answer of each response in one canonical form; None where it gives none."""
    logprobs: np.ndarray | None = None
    """logprobs: (rows,) mean log-probability of the response's tokens under the policy that sampled it."""
    prompts: list[Hashable] | None = None
    """prompts: names the prompt of each response, the same name in every step, epoch and restart of a run."""


@dataclass(frozen=True)
class Scored:
    """What an objective makes of a batch; one entry per response in each array."""

    rewards: np.ndarray
    advantages: np.ndarray
    diversity: np.ndarray | None = None
    """The share, or bonus, that distinguishes the method; None where it has none."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """More to log, under names of the objective's own."""


class Objective(ABC):
    """One method. The constructor's keyword arguments are its settings; the constructor checks them (`InputError`).

    Settings that the sections `darling.diversity`, `.fusion` and `.advantage` have under the same name come from there,
    the others from `darling.options`.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """What a batch must hold, a part of `NEEDS`. Nothing else is computed for it."""

    scope: str = "all"
    """Which responses are partitioned: `all`, or `correct` ones only (the others get the label −1)."""

    multiplies_quality: bool = False
    """Whether a negative quality would reverse the order of two responses, so that the step must shift it first."""

    centered: bool = True
    """Whether advantages are rewards − the group's mean. Only then the rewards alone carry the method, so that another
    estimator can train on them and a KL penalty can be added to them."""

    @abstractmethod
    def score(self, batch: Batch) -> Scored:
        """Rewards and advantages of the batch. An empty batch gives empty arrays."""

    def state_dict(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON values; saved with each checkpoint."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned before a restart."""
        if state:
            raise ValueError(f"{type(self).__name__} keeps no state, got {', '.join(state)}")
