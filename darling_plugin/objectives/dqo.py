"""DQO: quality plus what a response adds to the volume that the group's encodings span (arXiv 2509.04784).

    r_i = q_i + alpha · log( det(L + I) / det(L₋ᵢ + I) ),   A_i = r_i − mean of r over the group

L = the Gram matrix of the responses' unit vectors, L₋ᵢ = L without row and column i. The ratio is the Schur complement
1 / [(L + I)⁻¹]ᵢᵢ; with the Cholesky factor C of L + I, whose eigenvalues are at least 1, that is 1 / Σ_j (C⁻¹)ⱼᵢ².

Quality and diversity are added, so a wrong response is rewarded for being different. The paper encodes with a
pretrained encoder; here it is the similarity's. Formula as in the paper (the authors' repository, fairytale9/
diversity-quality-optimization, could not be compared).

A group of one: the bonus is log 2, A = 0. n equal vectors: log((n+1)/n) for all. Orthogonal vectors: log 2 for all. All
right or all wrong: the bonus alone.
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


class Dqo(Objective):
    """`alpha`: the weight of the bonus."""

    needs: ClassVar[frozenset[str]] = frozenset({"vectors"})

    def __init__(self, alpha: float = 1.0, normalize_by_std: bool = False):
        self.alpha = checks.number("alpha", alpha)
        self.normalize_by_std = checks.flag("normalize_by_std", normalize_by_std)
        self.centered = not normalize_by_std

    def score(self, batch: Batch) -> Scored:
        assert batch.vectors is not None
        bonus = volume_bonus(batch.vectors, batch.uid)
        rewards = batch.quality + self.alpha * bonus
        return Scored(rewards, group_advantages(rewards, batch.uid, normalize_by_std=self.normalize_by_std), bonus)


def dqo_rewards(
    quality: Sequence[float] | np.ndarray,
    vectors: Sequence[Sequence[float]] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    alpha: float = 1.0,
) -> np.ndarray:
    """r of each response, shape (rows,), from its quality and encoding; `vectors` (rows, dimensions)."""
    q = checks.numbers("quality", quality, len(group_rows(uid).index))
    return q + checks.number("alpha", alpha) * volume_bonus(vectors, uid)


@one_thread()
def volume_bonus(vectors: Sequence[Sequence[float]] | np.ndarray, uid: Sequence[Hashable] | np.ndarray) -> np.ndarray:
    """log( det(L + I) / det(L₋ᵢ + I) ) of each response, shape (rows,)."""
    groups = group_rows(uid)
    encodings = encoded(vectors, len(groups.index))
    bonus = np.empty(len(encodings))
    for rows in groups.rows:
        own = encodings[rows]
        inverse = np.linalg.inv(np.linalg.cholesky(own @ own.T + np.eye(len(rows))))
        bonus[rows] = -np.log((inverse**2).sum(axis=0))
    return bonus


def encoded(vectors: Sequence[Sequence[float]] | np.ndarray, rows: int) -> np.ndarray:
    """`vectors` as finite float64 numbers of shape (rows, dimensions)."""
    array = np.asarray(vectors, dtype=np.float64)
    if rows == 0:
        return np.empty((0, 0))
    if array.ndim != 2 or len(array) != rows or not np.isfinite(array).all():
        raise InputError(f"`vectors` must be finite numbers of shape ({rows}, dimensions), got shape {array.shape}")
    return array
