"""Means and differences with intervals: `contrast`, and the same for a ratio of sums over the categories.

A ratio is one number for a run, but its categories are a sample too. So here, as for the other metrics, runs and
categories are both resampled, with the same draws for all arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recipes.countdown.experiment.analysis.contrast import Estimate, cells_of_all, contrast, interval, resamples
from recipes.countdown.experiment.settings import Cell
from recipes.kinds.experiment.results import Result
from recipes.kinds.experiment.settings import Run

RATIOS = {"kinds_per_wording": ("kinds@16", "wordings@16")}
"""ratio → (numerator, denominator), both known for each category."""


@dataclass(frozen=True)
class AtStart:
    """A run as it was measured before its first step."""

    result: Result

    @property
    def run(self) -> Run:
        return self.result.run

    @property
    def policy(self) -> str:
        return self.result.policy

    @property
    def measured_on(self) -> tuple[Any, ...]:
        return self.result.measured_on

    def values(self, metric: str, step: int | None = None) -> np.ndarray:
        return self.result.values(metric, 0)


Arm = Mapping[Cell, Result] | Mapping[Cell, AtStart]


def estimate(weights: Mapping[str, float], arms: Mapping[str, Arm], metric: str) -> Estimate | None:
    """Σ weights[name] · arms[name] of a metric, over the runs that all of them have; None where there is none."""
    if metric not in RATIOS:
        return contrast(weights, arms, metric)
    cells = cells_of_all([arms.get(name, {}) for name in weights])
    if not cells:
        return None
    mean, drawn, categories = 0.0, np.zeros(1), 0
    for name, weight in weights.items():
        top, bottom = (np.array([arms[name][cell].values(each) for cell in cells]) for each in RATIOS[metric])
        categories = top.shape[1]
        of_runs, of_categories = resamples(*top.shape)
        mean += weight * float((top.sum(axis=1) / bottom.sum(axis=1)).mean())
        with np.errstate(invalid="ignore"):  # a resample without a right response has no ratio, and is left out
            ratios = (of_categories @ top.T) / (of_categories @ bottom.T)
        drawn = drawn + weight * (of_runs * ratios).sum(axis=1)
    low, high = interval(drawn[np.isfinite(drawn)]) if len(cells) > 1 else (None, None)
    return Estimate(mean, low, high, None, len(cells), categories)


def change(arms: Mapping[str, Mapping[Cell, Result]], name: str, metric: str) -> Estimate | None:
    """What training changed: an arm at its last step less the same runs before the first."""
    start = {cell: AtStart(result) for cell, result in arms[name].items()}
    return estimate({"end": 1.0, "start": -1.0}, {"end": arms[name], "start": start}, metric)
