"""Sums of arms, cell by cell and prompt by prompt, with interval and p-value.

A contrast is Σ over the arms of weight · value: {darling: 1, grpo: −1} is their difference. Cells and prompts are both
samples of what could have been, so both are resampled, each with one draw for all arms: what they share cancels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.evaluation.paired import compare_paired
from recipes.countdown.experiment.ledger import OF_RUNS, Planned
from recipes.countdown.experiment.measure import METRICS
from recipes.countdown.experiment.settings import Cell

RESAMPLES = 10_000
ALL_METRICS = (*METRICS, *OF_RUNS)
HEADLINE = ("pass@1", "pass@16", "classes@16")
"""The metrics of every comparison that has no room for all."""


class Comparable(Protocol):
    """A finished run of any experiment: `ledger.Result`, or another recipe's own."""

    @property
    def run(self) -> Planned: ...

    @property
    def policy(self) -> str: ...

    @property
    def measured_on(self) -> tuple[Any, ...]: ...

    def values(self, metric: str, step: int | None = None) -> np.ndarray: ...


@dataclass(frozen=True)
class Estimate:
    """A mean over cells and prompts. low, high: of its interval; None with one cell. p: where it was asked for."""

    mean: float
    low: float | None
    high: float | None
    p: float | None
    cells: int
    prompts: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def contrast(
    weights: Mapping[str, float],
    arms: Mapping[str, Mapping[Cell, Comparable]],
    metric: str,
    *,
    step: int | None = None,
    test: bool = False,
    shift: float = 0.0,
    confidence: float = 0.95,
) -> Estimate | None:
    """Σ weights[name] · arms[name], over the cells that all of them have; None where there is none.

    Args:
        arms: arms[name][cell] = the result of that run.
        step: of the evaluation; None is each run's last.
        test: whether to find p, of the sign-flip test over cells.
        shift: added before the test, and not to mean or interval: with 0.02, p is of "less than −0.02 or more".
    """
    cells = cells_of_all([arms.get(name, {}) for name in weights])
    if not cells:
        return None
    rows = []
    for cell in cells:
        runs = [arms[name][cell] for name in weights]
        check_comparable(runs)
        own = [weight * run.values(metric, step) for weight, run in zip(weights.values(), runs, strict=True)]
        rows.append(np.sum(own, axis=0))
    matrix = np.array(rows)
    low, high = _bounds(matrix, confidence)
    p = None
    if test and len(cells) > 1:
        p = compare_paired(np.zeros(len(cells)), matrix.mean(axis=1) + shift).p_value
    return Estimate(float(matrix.mean()), low, high, p, len(cells), matrix.shape[1])


def difference(arms: Mapping[str, Mapping[Cell, Comparable]], arm: str, other: str) -> dict[str, Estimate]:
    """difference[metric of `HEADLINE`] of `arm` less `other` at the last step; empty where they share no cell."""
    found = {metric: contrast({arm: 1.0, other: -1.0}, arms, metric) for metric in HEADLINE}
    return {metric: estimate for metric, estimate in found.items() if estimate is not None}


def cells_of_all(arms: Sequence[Mapping[Cell, Comparable]]) -> list[Cell]:
    """The cells in which every arm has a run, in order."""
    return sorted(set.intersection(*(set(arm) for arm in arms))) if arms else []


def check_comparable(runs: Sequence[Comparable]) -> None:
    """Raise `InputError` unless the runs began with the same weights and were measured on the same prompts."""
    first = runs[0]
    for other in runs[1:]:
        if other.policy != first.policy:
            raise InputError(
                f"runs {first.run.id} and {other.run.id} are of one cell but started from different weights, because "
                "their warm starts were made on different machines; share one folder, or run a cell on one machine"
            )
        if other.measured_on != first.measured_on:
            raise InputError(f"runs {first.run.id} and {other.run.id} were measured on other prompts; repeat one")


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Corrected p-values (Holm 1979): p · (number of hypotheses not yet decided), never falling, at most 1."""
    corrected: dict[str, float] = {}
    least = 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        least = max(least, min(1.0, (len(p_values) - place) * p))
        corrected[name] = least
    return {name: corrected[name] for name in p_values}


def _bounds(matrix: np.ndarray, confidence: float) -> tuple[float | None, float | None]:
    """Percentiles of the mean over resampled rows (cells) and columns (prompts); None with one row."""
    if len(matrix) < 2:
        return None, None
    of_cells, of_prompts = resamples(*matrix.shape)
    return interval(((of_cells @ matrix) * of_prompts).sum(axis=1), confidence)


def interval(drawn: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Percentiles of what the resamples gave."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


@lru_cache(maxsize=8)
def resamples(cells: int, prompts: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of each cell and of each prompt in the resamples; the same ones for every contrast of that shape."""
    rng = np.random.default_rng(0)
    rows = rng.multinomial(cells, np.full(cells, 1 / cells), size=RESAMPLES) / cells
    columns = rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=RESAMPLES) / prompts
    return rows, columns
