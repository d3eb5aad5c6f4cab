"""The unlikeliness reward: a right response gets less reward if the policy finds it likely (arXiv 2506.02355).

    r_i = q_i · (1 − beta · rank_i / n)        rank 0 = the lowest mean log-probability of a token in the group
    A_i = (r_i − mean of r) / (std of r + 1e-6)

Source: `_compute_advantages` in AndreHe02/rewarding-unlikely-release (ray_lean_trainer.py; `lean.rank_penalty=0.25` in
its script). Its ties are ranked in no set order; here they share their mean rank, so that copies get the same reward.

It needs no similarity: unlikely wording is rewarded, whatever it means. A group of one, or all wrong: A = 0. All right:
A is by rank alone. Equal log-probabilities: GRPO with the standard deviation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from darling_plugin.core import checks, group_advantages
from darling_plugin.core.groups import group_rows
from darling_plugin.objectives.base import Batch, Objective, Scored


class Unlikeliness(Objective):
    """`beta`: what the likeliest response loses, as a share."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})
    multiplies_quality = True
    centered = False

    def __init__(self, beta: float = 0.25):
        self.beta = checks.fraction("beta", beta)

    def score(self, batch: Batch) -> Scored:
        assert batch.logprobs is not None
        rewards = unlikeliness_rewards(batch.quality, batch.logprobs, batch.uid, beta=self.beta)
        return Scored(rewards, group_advantages(rewards, batch.uid, normalize_by_std=True))


def unlikeliness_rewards(
    quality: Sequence[float] | np.ndarray,
    logprobs: Sequence[float] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    beta: float = 0.25,
) -> np.ndarray:
    """r of each response, shape (rows,), from its quality and its mean log-probability of a token."""
    groups = group_rows(uid)
    q = checks.numbers("quality", quality, len(groups.index))
    p = checks.numbers("logprobs", logprobs, len(groups.index))
    checks.fraction("beta", beta)
    share = np.empty(len(q))
    for rows in groups.rows:
        ordered = np.sort(p[rows])
        # The mean of a value's first and last place in the order.
        places = np.searchsorted(ordered, p[rows], "left") + np.searchsorted(ordered, p[rows], "right") - 1
        share[rows] = places / 2 / len(rows)
    return q * (1 - beta * share)
