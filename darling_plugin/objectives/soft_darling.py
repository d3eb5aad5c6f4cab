"""DARLING without threshold and closure: P(equivalent) is used as it is. A variant of this package.

    d_i = max(floor, 1 − mean of P_ij over the siblings j ≠ i)
    r_i = q_i · d_i,   A_i = r_i − mean of r over the group

The mean leaves i out. Then, where every P is 0 or 1 and "equivalent" is transitive, |class| − 1 of the n − 1 siblings
of i are equivalent to it, and d_i = (n − |class of i|) / (n − 1) is DARLING's, exactly. With i in the mean it would be
(n − |class|) / n, which is below 1 even where nobody is equivalent.

Where the two differ: with verdicts of 0 and 1 that are not transitive, a class of the closure holds i's neighbors and
more, so soft d_i ≥ DARLING's d_i. One false "same" between classes of a and b responses takes b/(n−1) from the d of a
responses and a/(n−1) from that of b; here it takes 1/(n−1) from two. With P between 0 and 1 there is no threshold to
choose, and a similarity that is sure of nothing (P = p for all pairs) makes A GRPO's times 1 − p.

All pairs of a group are scored: n (n−1) / 2, where the exact partition can skip some. A group of one: d = `singleton`,
A = 0. All wrong: A = 0. `scope="correct"` compares the correct responses alone; the others get the floor.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows
from darling_plugin.errors import InputError
from darling_plugin.objectives.base import Batch
from darling_plugin.objectives.darling import Darling


class SoftDarling(Darling):
    """The settings of `Darling`; only the diversity differs."""

    needs: ClassVar[frozenset[str]] = frozenset({"probabilities"})

    def diversity(self, batch: Batch) -> np.ndarray:
        assert batch.probabilities is not None
        correct = batch.correct if self.scope == "correct" else None
        raw = soft_diversity(batch.probabilities, batch.uid, correct=correct, singleton=self.singleton)
        return np.maximum(raw, self.floor)


def soft_diversity(
    probabilities: Sequence[np.ndarray],
    uid: Sequence[Hashable] | np.ndarray,
    *,
    correct: Sequence[bool] | np.ndarray | None = None,
    singleton: float = 1.0,
) -> np.ndarray:
    """d of each response before the floor, shape (rows,), in [0, 1].

    Args:
        probabilities: one n × n matrix per uid, in order of first appearance: P[i, j] = P(the group's i-th and j-th
            response are equivalent). The diagonal is not read.
        uid: names the group of each row.
        correct: when given, only these are compared with each other; the others get 0.
        singleton: d of a response without siblings to compare it with.
    """
    groups = group_rows(uid)
    if len(probabilities) != len(groups.sizes):
        raise InputError(
            f"`probabilities` has {len(probabilities)} matrices and `uid` names {len(groups.sizes)} groups; "
            "give one per group"
        )
    rows_count = len(groups.index)
    kept = np.ones(rows_count, bool) if correct is None else checks.flags("correct", correct, rows_count)
    diversity = np.zeros(rows_count)
    for k, (rows, given) in enumerate(zip(groups.rows, probabilities, strict=True)):
        p, n = np.asarray(given, dtype=np.float64), len(rows)
        if p.shape != (n, n) or not ((p >= 0) & (p <= 1)).all():
            raise InputError(f"`probabilities[{k}]` must be numbers in [0, 1] of shape ({n}, {n}), got shape {p.shape}")
        inside = np.flatnonzero(kept[rows])
        siblings = len(inside) - 1
        own = p[np.ix_(inside, inside)] * (1 - np.eye(len(inside)))
        chosen = np.array(rows, dtype=np.intp)[inside]
        diversity[chosen] = 1 - own.sum(axis=1) / siblings if siblings > 0 else checks.fraction("singleton", singleton)
    return diversity
