"""Representation-based exploration: quality plus an elliptical bonus for an unusual encoding (arXiv 2510.11686).

    b_i = h_iᵀ (λ I + Σ_j h_j h_jᵀ)⁻¹ h_i          h = the encodings less their mean over the group; λ = 0.01
    r_i = q_i + beta · b_i,   A_i = r_i − mean of r over the group       b = 0 in a group without a right response

b is the ridge leverage of i, in [0, 1): with G the Gram matrix of the h, b_i = 1 − λ [(G + λ I)⁻¹]ᵢᵢ.

Source: verl-project/verl-recipe, `rep_exp/workers/elliptical_reward_model_worker.py`, as `train_elliptical.sh` sets it:
leverage, no normalization of the bonus, beta 0.01, off where none is right, advantages divided by the standard
deviation (`darling.advantage.normalize_by_std`, which the variant sets). It encodes by the mean hidden state of the
model that training began with, projected at random to 32 or 128 dimensions; here it is the similarity's encoding.

A group of one, or of equal encodings: b = 0. All wrong: A = 0. All right: A = the bonus, centered.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from darling_plugin.blas import one_thread
from darling_plugin.core import checks, group_advantages
from darling_plugin.core.groups import group_rows
from darling_plugin.errors import InputError
from darling_plugin.objectives.base import Batch, Objective, Scored
from darling_plugin.objectives.dqo import encoded


class RepExp(Objective):
    """`beta`: the weight of the bonus. `ridge`: λ."""

    needs: ClassVar[frozenset[str]] = frozenset({"vectors"})

    def __init__(self, beta: float = 0.01, ridge: float = 0.01, normalize_by_std: bool = False):
        self.beta = checks.number("beta", beta)
        self.ridge = checks.number("ridge", ridge)
        if self.ridge <= 0:
            raise InputError(f"`ridge` must be above 0, got {ridge!r}")
        self.normalize_by_std = checks.flag("normalize_by_std", normalize_by_std)
        self.centered = not normalize_by_std

    def score(self, batch: Batch) -> Scored:
        assert batch.vectors is not None
        bonus = elliptical_bonus(batch.vectors, batch.uid, ridge=self.ridge)
        groups = group_rows(batch.uid)
        bonus = np.where(groups.total(batch.correct)[groups.index] > 0, bonus, 0.0)
        rewards = batch.quality + self.beta * bonus
        return Scored(rewards, group_advantages(rewards, batch.uid, normalize_by_std=self.normalize_by_std), bonus)


@one_thread()
def elliptical_bonus(
    vectors: Sequence[Sequence[float]] | np.ndarray, uid: Sequence[Hashable] | np.ndarray, ridge: float = 0.01
) -> np.ndarray:
    """b of each response, shape (rows,), from the encodings, (rows, dimensions)."""
    groups = group_rows(uid)
    encodings = encoded(vectors, len(groups.index))
    bonus = np.empty(len(encodings))
    for rows in groups.rows:
        own = encodings[rows] - encodings[rows].mean(axis=0)
        inverse = np.linalg.inv(np.linalg.cholesky(own @ own.T + ridge * np.eye(len(rows))))
        bonus[rows] = np.maximum(1 - ridge * (inverse**2).sum(axis=0), 0.0)
    return bonus
