"""DRA: quality divided by how similar a response is to its group (arXiv 2505.09655).

    r_i = q_i / (Σ_j max(0, cos(e_i, e_j)) + 1e-6)      over all j of the group, i itself included
    A_i = r_i − mean of r over the group                (DRA with Dr. GRPO; `normalize_by_std`: with GRPO)

Source: "SMI reweighting" in xiwenc1/DRA-GRPO (grpo_trainer.py, drgrpo_trainer.py). Two things differ. It sums over the
completions that are on one GPU, of whatever prompts; the paper, and this, over the group. And it sums negative cosines
too, which makes a weight large, or negative, where a sum happens to be near 0; the paper's mutual information is of a
similarity that is never negative.

A group of one: r = q, A = 0. n equal vectors: r = q / n. Orthogonal vectors: r = q, GRPO without the standard
deviation. All wrong: A = 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from darling_plugin.blas import one_thread
from darling_plugin.core import checks, group_advantages
from darling_plugin.core.groups import EPSILON, group_rows
from darling_plugin.objectives.base import Batch, Objective, Scored
from darling_plugin.objectives.dqo import encoded


class Dra(Objective):
    """Needs the similarity's encoding of each response."""

    needs: ClassVar[frozenset[str]] = frozenset({"vectors"})
    multiplies_quality = True

    def __init__(self, normalize_by_std: bool = False):
        self.normalize_by_std = checks.flag("normalize_by_std", normalize_by_std)
        self.centered = not normalize_by_std

    def score(self, batch: Batch) -> Scored:
        assert batch.vectors is not None
        weight = dra_weights(batch.vectors, batch.uid)
        rewards = batch.quality * weight
        return Scored(rewards, group_advantages(rewards, batch.uid, normalize_by_std=self.normalize_by_std), weight)


@one_thread()
def dra_weights(vectors: Sequence[Sequence[float]] | np.ndarray, uid: Sequence[Hashable] | np.ndarray) -> np.ndarray:
    """What each quality is multiplied by, shape (rows,); `vectors` are unit vectors, (rows, dimensions)."""
    groups = group_rows(uid)
    encodings = encoded(vectors, len(groups.index))
    weights = np.empty(len(encodings))
    for rows in groups.rows:
        own = encodings[rows]
        weights[rows] = 1 / (np.maximum(own @ own.T, 0.0).sum(axis=1) + EPSILON)
    return weights
