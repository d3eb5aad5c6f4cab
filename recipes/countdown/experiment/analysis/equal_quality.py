"""Two runs at equal pass@1: which of them is more diverse when both are equally good?

The level is the highest pass@1 that both reach at any step of evaluation after the start. Each run's classes are read
where it first reaches that level, linearly between the steps around it, or at the start if it begins above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from darling_plugin.evaluation.paired import compare_paired
from recipes.countdown.experiment.analysis.contrast import Estimate, cells_of_all, check_comparable
from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.settings import Cell


def path_of(result: Result, metric: str = "classes@16") -> list[tuple[float, float]]:
    """(pass@1, metric) at each step of evaluation."""
    return [(result.mean("pass@1", e.step), result.mean(metric, e.step)) for e in result.evaluations]


def at_level(path: list[tuple[float, float]], level: float) -> float:
    """The second number where the first reaches `level`; the path must reach it."""
    if path[0][0] >= level:
        return path[0][1]
    for (x0, y0), (x1, y1) in pairwise(path):
        if x1 >= level:
            return y0 + (y1 - y0) * (level - x0) / (x1 - x0)
    raise ValueError(f"the path never reaches {level}")


def difference_at_equal_quality(a: Result, b: Result) -> float:
    """classes@16 of a less those of b, at the highest pass@1 that both reach."""
    check_comparable([a, b])
    first, second = path_of(a), path_of(b)
    level = min(max(x for x, _ in first[1:]), max(x for x, _ in second[1:]))
    return at_level(first, level) - at_level(second, level)


def at_equal_quality(a: Mapping[Cell, Result], b: Mapping[Cell, Result]) -> Estimate | None:
    """The mean of that difference over the cells that both have, its interval over cells, and its p-value."""
    cells = cells_of_all([a, b])
    if not cells:
        return None
    found = np.array([difference_at_equal_quality(a[cell], b[cell]) for cell in cells])
    if len(cells) == 1:
        return Estimate(float(found[0]), None, None, None, 1, 1)
    compared = compare_paired(np.zeros(len(found)), found)
    return Estimate(float(found.mean()), compared.low, compared.high, compared.p_value, len(cells), 1)
