"""From pairwise verdicts to win rates, and to the judge's bias for a position.

    win rate            mean of 1 for a win, 1/2 for a tie, 0 for a loss, over both orders
    clear wins thrice   the same with a vote of weight 3 where the verdict is "much better": Arena-Hard's score
                        (Li et al. 2024, arXiv 2406.11939; `show_result.py` of lmarena/arena-hard-auto)
    length-controlled   `length.py`
    first shown         the win rate of whatever stood first: 1/2 for a judge without a bias for a position
    orders agree        share of pairs with one winner, or a tie, in both orders

The weighted and the length-controlled rate take all pairs together, the others are means over prompts of the means over
their samples; intervals resample prompts. All verdicts "equal": every rate is 1/2 and the orders always agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darling_plugin.evaluation.intervals import RESAMPLES, Interval, batch_rows
from darling_plugin.tools.evaluation.judging.pairwise import VERDICTS
from darling_plugin.tools.evaluation.rows import Row

POINTS = dict(zip(VERDICTS, (1.0, 1.0, 0.5, 0.0, 0.0), strict=True))  # for the response that stood first
WEIGHTS = dict(zip(VERDICTS, (3, 1, 1, 1, 3), strict=True))


@dataclass(frozen=True)
class Pair:
    """One response against the baseline's, in both orders."""

    points: tuple[float, float]
    """The model's, 1, 1/2 or 0: when it stood first, and when it stood second."""
    weights: tuple[int, int]
    longer: int
    """Characters of the model's response − characters of the baseline's."""

    @classmethod
    def of(cls, row: Row) -> Pair:
        first, second = (one["verdict"] for one in row["verdicts"])
        own, other = row["characters"]
        return cls((POINTS[first], 1 - POINTS[second]), (WEIGHTS[first], WEIGHTS[second]), own - other)

    @property
    def win_rate(self) -> float:
        return sum(self.points) / 2

    @property
    def weighted(self) -> float:
        """Points × weight, of both orders."""
        return sum(p * w for p, w in zip(self.points, self.weights, strict=True))

    @property
    def first_shown(self) -> float:
        return (self.points[0] + 1 - self.points[1]) / 2

    @property
    def agree(self) -> bool:
        return self.points[0] == self.points[1]


def weighted_win_rate(of_prompts: Sequence[Sequence[Pair]], *, confidence: float = 0.95, seed: int = 0) -> Interval:
    """Σ points · weight / Σ weight over all verdicts, with the percentile bootstrap over prompts.

    A ratio of two sums, so it is resampled as one: the mean of the prompts' own ratios is another number.
    """
    tops = np.array([sum(pair.weighted for pair in pairs) for pairs in of_prompts])
    bottoms = np.array([float(sum(sum(pair.weights) for pair in pairs)) for pairs in of_prompts])
    n, rate = len(tops), float(tops.sum() / bottoms.sum())
    if n < 2:
        return Interval(rate, None, None, n, confidence)
    rng = np.random.default_rng(seed)
    rates: list[np.ndarray] = []
    for start in range(0, RESAMPLES, batch_rows(n)):
        drawn = rng.integers(0, n, size=(min(batch_rows(n), RESAMPLES - start), n))
        rates.append(tops[drawn].sum(axis=1) / bottoms[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(rates), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(rate, float(low), float(high), n, confidence)
