"""Uniqueness-aware RL: an advantage is divided by the size of the response's class (arXiv 2601.08763).

    A_i = f_i^(−alpha) · (q_i − mean of q) / (std of q + 1e-6)          f_i = responses in the class of i

The paper's formula scales negative advantages too: a wrong response of a small class is pushed down harder than one of
a large class. `positive_only` scales the positive ones alone. The authors have published no code: the formula is the
paper's, with the standard deviation that verl's GRPO has (n − 1).

A group of one, or of equal qualities (all right, all wrong): A = 0, so the method teaches nothing once every response
is right, where DARLING still does. All distinct, or alpha = 0: GRPO. A response that is left out (−1) counts as alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from darling_plugin.core import checks, group_advantages
from darling_plugin.core.diversity import class_labels
from darling_plugin.core.groups import group_rows
from darling_plugin.core.partition import LEFT_OUT
from darling_plugin.objectives.base import Batch, Objective, Scored


class Uniqueness(Objective):
    """`alpha`: how strongly a class's size counts; 0 is not at all. `positive_only`: see above."""

    needs: ClassVar[frozenset[str]] = frozenset({"classes"})
    centered = False

    def __init__(self, alpha: float = 1.0, positive_only: bool = False):
        self.alpha = checks.number("alpha", alpha)
        self.positive_only = checks.flag("positive_only", positive_only)

    def score(self, batch: Batch) -> Scored:
        assert batch.labels is not None
        advantages = uniqueness_advantages(
            batch.quality, batch.labels, batch.uid, alpha=self.alpha, positive_only=self.positive_only
        )
        return Scored(batch.quality, advantages, class_sizes(batch.labels, batch.uid) ** -self.alpha)


def uniqueness_advantages(
    quality: Sequence[float] | np.ndarray,
    labels: Sequence[int] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    alpha: float = 1.0,
    positive_only: bool = False,
) -> np.ndarray:
    """A of each response, shape (rows,), from its quality and class."""
    advantages = group_advantages(quality, uid, normalize_by_std=True)
    scaled = advantages * class_sizes(labels, uid) ** -checks.number("alpha", alpha)
    return np.where(advantages > 0, scaled, advantages) if positive_only else scaled


def class_sizes(labels: Sequence[int] | np.ndarray, uid: Sequence[Hashable] | np.ndarray) -> np.ndarray:
    """f[i] = responses of i's group in the class of i, as float64, shape (rows,); 1 for one that is left out."""
    index = group_rows(uid).index
    classes = class_labels(labels, len(index))
    pairs = np.stack([index, classes], axis=1) if len(classes) else np.empty((0, 2), dtype=np.int64)
    _, inverse, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    return np.where(classes == LEFT_OUT, 1, counts[inverse.reshape(-1)]).astype(np.float64)
