"""A mean over problems, with its interval.

Problems are what is resampled, never samples: the responses to one problem depend on each other, and the question is
how far the mean would move with other problems of that kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from darling_plugin.core import checks
from darling_plugin.errors import InputError

RESAMPLES = 10_000
CELLS_AT_ONCE = 1_000_000  # of the matrix resamples × problems: 8 MB


@dataclass(frozen=True)
class Interval:
    """A mean over `problems` values, and the bounds of its interval; None with a single problem."""

    mean: float
    low: float | None
    high: float | None
    problems: int
    confidence: float

    def as_json(self) -> dict[str, float | int | None]:
        return asdict(self)


def bootstrap_mean(
    values: Sequence[float] | np.ndarray, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """The mean of one value per problem, with its percentile bootstrap interval (Efron 1979; scipy.stats.bootstrap).

    The interval is between the (1 − confidence) / 2 and the (1 + confidence) / 2 quantiles of the means of `resamples`
    resamples of the problems, with replacement. Equal values give an interval of no width: all the bootstrap knows is
    what it has seen, and 20 problems of 20 solved do not prove that all are. One problem gives a mean and no interval,
    none an error. The same seed gives the same interval.

    Args:
        values: any metric of each problem, shape (problems,), finite.
        confidence: in (0, 1).
        resamples: at least 1.
        seed: of the resamples.
    """
    own = problem_values("values", values)
    level = confidence_level(confidence)
    if len(own) < 2:
        return Interval(float(own.mean()), None, None, len(own), level)
    low, high = mean_bounds(own, level, checks.at_least_one("resamples", resamples), seed)
    return Interval(float(own.mean()), low, high, len(own), level)


def mean_bounds(values: np.ndarray, confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    """The bounds of the mean of two or more values."""
    if not np.ptp(values):
        return float(values[0]), float(values[0])
    from darling_plugin.similarity.packaged import require

    require("scipy")
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=batch_rows(len(values)),
        confidence_level=confidence,
        method="percentile",
        vectorized=True,
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def batch_rows(problems: int) -> int:
    """How many resamples of so many problems are held in memory at once."""
    return max(1, CELLS_AT_ONCE // problems)


def problem_values(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """One finite number per problem, shape (problems,), problems ≥ 1."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"`{name}` must hold one number per problem: {error}") from error
    if array.ndim != 1 or not len(array):
        raise InputError(
            f"`{name}` must hold one number per problem, for at least one problem; got shape {array.shape}"
        )
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array)))
        raise InputError(
            f"`{name}[{row}]` must be a finite number, got {array[row]}; leave out problems for which the metric is "
            "not defined, and say how many"
        )
    return array


def confidence_level(value: float) -> float:
    level = checks.number("confidence", value)
    if not 0 < level < 1:
        raise InputError(f"`confidence` must be between 0 and 1, got {value!r}; 0.95 is usual")
    return level
