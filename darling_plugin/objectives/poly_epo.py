"""Poly-EPO: what a response adds to the sets that it is part of (arXiv 2604.17654).

    s(G) = mean quality of G · distinct classes in G / m                    for every subset G of m responses
    r_i  = mean of s(G) over the G that hold i,   A_i = r_i − mean of r over the group

By counting, not by listing: a class of f responses misses a G that holds i (of another class) with probability
C(n−1−f, m−1) / C(n−1, m−1), and given that, each remaining response is in G with probability (m−1) / (n−1−f).

Source: `compute_polyepo_advantage` in ifdita-hasan/polyepo, which lists the subsets of n = 8, m = 4 and does not divide
by the standard deviation. Its class 100 (degenerate responses) is the label −1 here: it counts as no class.

A group of at most m has one set, so A = 0; the authors skip such groups too. All wrong: A = 0. All in one class: GRPO
without the standard deviation, times (n−m) / (m² (n−1)). All distinct: the same, times (n−m) / (m (n−1)).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import comb
from typing import ClassVar

import numpy as np

from darling_plugin.core import checks, group_advantages
from darling_plugin.core.diversity import class_labels
from darling_plugin.core.groups import group_rows
from darling_plugin.core.partition import LEFT_OUT
from darling_plugin.objectives.base import Batch, Objective, Scored


class PolyEpo(Objective):
    """`m`: responses in a set."""

    needs: ClassVar[frozenset[str]] = frozenset({"classes"})
    multiplies_quality = True

    def __init__(self, m: int = 4):
        self.m = checks.at_least_one("m", m)

    def score(self, batch: Batch) -> Scored:
        assert batch.labels is not None
        rewards = poly_epo_rewards(batch.quality, batch.labels, batch.uid, m=self.m)
        return Scored(rewards, group_advantages(rewards, batch.uid))


def poly_epo_advantages(
    quality: Sequence[float] | np.ndarray,
    labels: Sequence[int] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    m: int = 4,
) -> np.ndarray:
    """A of each response, shape (rows,), from its quality and class."""
    return group_advantages(poly_epo_rewards(quality, labels, uid, m=m), uid)


def poly_epo_rewards(
    quality: Sequence[float] | np.ndarray,
    labels: Sequence[int] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    m: int = 4,
) -> np.ndarray:
    """r of each response, shape (rows,). In a group of fewer than `m`, the one set is the group."""
    groups = group_rows(uid)
    q = checks.numbers("quality", quality, len(groups.index))
    classes = class_labels(labels, len(groups.index))
    checks.at_least_one("m", m)
    rewards = np.empty(len(q))
    for rows in groups.rows:
        rewards[rows] = _in_group(q[rows], classes[rows], min(m, len(rows)))
    return rewards


def _in_group(q: np.ndarray, classes: np.ndarray, m: int) -> np.ndarray:
    n = len(q)
    in_set = (m - 1) / max(n - 1, 1)  # P(j in G | i in G)
    own = q + in_set * (q.sum() - q)  # E[sum of quality in G | i in G]
    names = np.unique(classes[classes != LEFT_OUT])
    total = own * len(names)
    for name in names:
        inside = classes == name
        left = n - 1 - int(inside.sum())
        if (ways := comb(max(left, 0), m - 1)) == 0:
            continue  # too few others: this class is in every G of another's
        missed = q + (m - 1) / max(left, 1) * (q.sum() - q - q[inside].sum())
        total -= np.where(inside, 0.0, ways / comb(n - 1, m - 1) * missed)
    return total / m**2
