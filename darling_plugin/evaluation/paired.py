"""Two checkpoints on the same problems: is the difference more than chance?

Problems differ far more than checkpoints do, so what is looked at is the difference problem by problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from darling_plugin.core import checks
from darling_plugin.errors import InputError
from darling_plugin.evaluation.intervals import RESAMPLES, batch_rows, bootstrap_mean, problem_values


@dataclass(frozen=True)
class PairedComparison:
    """after − before, over problems."""

    before: float
    after: float
    difference: float
    low: float | None
    """Bounds of the difference's bootstrap interval; None with a single problem."""
    high: float | None
    p_value: float
    """Two-sided, of the sign-flip test."""
    problems: int
    better: int
    """Problems on which `after` is higher; `worse` where it is lower. The rest are ties."""
    worse: int
    confidence: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_paired(
    before: Sequence[float] | np.ndarray,
    after: Sequence[float] | np.ndarray,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedComparison:
    """The mean of d_i = after_i − before_i, its bootstrap interval, and the p-value of a sign-flip permutation test.

    Were the checkpoints interchangeable, every d_i might as well have the other sign. With m the mean of d:

        p = min(1, 2 · min(P(m* ≥ m), P(m* ≤ m))),  m* the mean with random signs

    (Fisher 1935; scipy.stats.permutation_test.) All 2^problems signs are tried where they are at most `resamples`;
    otherwise so many are drawn, and the observed ones are counted with them, so that p is never 0. The interval is
    `bootstrap_mean` of d.

    All differences 0: p = 1 and an interval of no width. One problem: p = 1 and no interval. Few problems cannot give
    a small p, whatever the difference: the least is 2 / 2^n with n problems that are no tie: 0.06 for five.

    Args:
        before: any metric of each problem at the first checkpoint, shape (problems,).
        after: the same problems in the same order at the second.
        confidence: of the interval, in (0, 1).
        resamples: of the bootstrap, and at most of the signs.
        seed: of both.

    Testing many metrics finds a difference by chance: say how many were tested.
    """
    first, second = problem_values("before", before), problem_values("after", after)
    if len(first) != len(second):
        raise InputError(
            f"`before` has {len(first)} problems and `after` has {len(second)}; they must be the same problems in the "
            "same order"
        )
    # 0.1 + 0.2 and 0.3 are a tie: the last digit's noise is no win.
    differences = second - first
    differences[np.isclose(first, second, rtol=1e-12, atol=0)] = 0.0
    interval = bootstrap_mean(differences, confidence=confidence, resamples=resamples, seed=seed)
    return PairedComparison(
        before=float(first.mean()),
        after=float(second.mean()),
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        p_value=_sign_flip_p(differences, checks.at_least_one("resamples", resamples), seed),
        problems=len(differences),
        better=int((differences > 0).sum()),
        worse=int((differences < 0).sum()),
        confidence=interval.confidence,
    )


def _sign_flip_p(differences: np.ndarray, resamples: int, seed: int) -> float:
    # A zero has no sign: flipping it would only repeat every outcome.
    signed = differences[differences != 0]
    if len(signed) < 2:
        return 1.0
    from darling_plugin.similarity.packaged import require

    require("scipy")
    from scipy.stats import permutation_test

    return float(
        permutation_test(
            (signed,),
            np.sum,
            permutation_type="samples",
            alternative="two-sided",
            n_resamples=resamples,
            batch=batch_rows(len(signed)),
            vectorized=True,
            random_state=np.random.default_rng(seed),
        ).pvalue
    )
