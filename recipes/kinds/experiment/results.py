"""Finished runs, read back from the ledger's files (`recipes/countdown/experiment/ledger.py` keeps and claims them)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recipes.countdown.experiment.ledger import Finished, read_run
from recipes.kinds.experiment.measure import METRICS, OF_RUNS, Measured
from recipes.kinds.experiment.settings import Run, from_json

ALL_METRICS = (*METRICS, *OF_RUNS)


@dataclass(frozen=True)
class Evaluation:
    """The policy after `step` steps. temperatures, groups: of the final one (`loop.Loop.evaluate`)."""

    step: int
    held_out: Measured
    temperatures: dict[float, Measured]
    groups: list[dict[str, Any]]


class Result(Finished[Run, Evaluation]):
    """A finished run on kinds."""

    @property
    def measured_on(self) -> tuple[Any, ...]:
        """What two runs must have in common to be compared prompt by prompt."""
        return self.run.held_out, self.run.samples

    def values(self, metric: str, step: int | None = None) -> np.ndarray:
        """One number for each held-out category, or the run's one number as an array of length 1."""
        return values_of(self.last.held_out if step is None else self.at(step).held_out, metric)

    def mean(self, metric: str, step: int | None = None) -> float:
        return float(self.values(metric, step).mean())


def values_of(measured: Measured, metric: str) -> np.ndarray:
    return np.array([OF_RUNS[metric](measured)]) if metric in OF_RUNS else METRICS[metric](measured)


def read_result(path: Path) -> Result:
    run, content = read_run(path, from_json)
    evaluations = [
        Evaluation(
            each["step"],
            Measured(**each["held_out"]),
            {float(t): Measured(**own) for t, own in each.get("temperatures", {}).items()},
            each.get("groups", []),
        )
        for each in content["evaluations"]
    ]
    return Result(run, content["policy"], content["seconds"], content["training"], evaluations)
