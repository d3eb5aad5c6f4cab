"""What a step did, collected call by call until a trainer logs it: the `darling/*` metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from darling_plugin.core import Partition, group_metrics
from darling_plugin.rollouts import StepResult


class StepMetrics:
    """The calls of a step since metrics were last taken; each adds whole groups."""

    def __init__(self) -> None:
        self._results: list[StepResult] = []
        self._partitions: list[Partition] = []
        self._of_objective: list[Mapping[str, float]] = []
        self._failed = False
        self._seconds = 0.0

    def add(
        self,
        result: StepResult,
        partition: Partition | None,
        of_objective: Mapping[str, float],
        failed: bool,
        seconds: float,
    ) -> None:
        """partition: None without classes. failed: trained on quality alone. seconds: of this call."""
        self._results.append(result)
        self._partitions += [] if partition is None else [partition]
        self._of_objective.append(of_objective)
        self._failed |= failed
        self._seconds += seconds

    def collect(self) -> dict[str, float]:
        """Name → value over all responses of the calls; empty without a call."""
        if not self._results:
            return {}
        quality = np.concatenate([result.quality for result in self._results])
        if self._failed:
            return {"quality/mean": float(quality.mean()), "quality_only": 1.0, "seconds": self._seconds}
        metrics = group_metrics(
            quality,
            _joined([result.diversity for result in self._results]),
            np.concatenate([result.rewards for result in self._results]),
            _joined([result.labels for result in self._results]),
            np.concatenate([result.uid for result in self._results]),
            correct=np.concatenate([result.correct for result in self._results]),
        )
        if self._partitions:
            metrics["pairs/scored"] = float(sum(partition.scored for partition in self._partitions))
            metrics["pairs/skipped"] = float(sum(partition.skipped for partition in self._partitions))
            metrics["pairs/rounds"] = float(max(partition.rounds for partition in self._partitions))
        for name in sorted({name for own in self._of_objective for name in own}):
            metrics[f"objective/{name}"] = float(np.mean([own[name] for own in self._of_objective if name in own]))
        return metrics | {"quality_only": 0.0, "seconds": self._seconds}


def _joined(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if len(present) == len(arrays) else None
