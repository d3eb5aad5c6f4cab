"""From the responses of a step to their advantages: the plugin's own step, as a run's settings ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darling_plugin.config import parse_settings
from darling_plugin.core import PartitionRule
from darling_plugin.core.pair_scoring import PairScorer
from darling_plugin.kinds.similarity import equivalent
from darling_plugin.step import InProcess, Rollouts, Step, StepResult
from recipes.kinds.experiment.settings import Run


class Rewards:
    """What the loop trains on.

    Args:
        learned: the folder of the classifier, where the run's similarity is `learned`.
    """

    def __init__(self, run: Run, learned: Path | None = None) -> None:
        similarity, threshold = similarity_of(run, learned)
        self._step = Step(run.darling, classes=_classes(similarity, threshold))
        # All runs are watched by the same exact classes, whatever they train with.
        self._monitor = Step(parse_settings({}), classes=_classes(equivalent, 0.5))

    def __call__(self, texts: Sequence[str], uid: Sequence[int], quality: np.ndarray) -> StepResult:
        rollouts = Rollouts(texts, uid, quality)
        self._monitor(rollouts)
        result = self._step(rollouts)
        self._step.metrics()  # taken, so that they do not pile up
        return result

    def metrics(self) -> dict[str, float]:
        """The step's metrics by the exact classes, without their prefix."""
        return {name.removeprefix("darling/"): value for name, value in self._monitor.metrics().items()}


def similarity_of(run: Run, learned: Path | None) -> tuple[PairScorer, float]:
    """The similarity that a run trains with, and its threshold."""
    if run.similarity == "exact":
        return equivalent, 0.5
    from darling_plugin.similarity import build_similarity

    chosen = {} if run.similarity == "shipped" else {"model": str(learned)}
    classifier = build_similarity("classifier", device="cpu", **chosen)
    return classifier, classifier.default_threshold


def _classes(similarity: PairScorer, threshold: float) -> InProcess:
    return InProcess(similarity, PartitionRule(threshold, short_text_rule=False))
