"""From the responses of a step to their advantages: the plugin's own step, as a run's settings ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darling_plugin.config import parse_settings
from darling_plugin.core import PartitionRule
from darling_plugin.core.pair_scoring import PairScorer
from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.judge import equivalent
from darling_plugin.countdown.task import verify
from darling_plugin.step import InProcess, Rollouts, Step, StepResult
from recipes.countdown.experiment.char_tokenizer import spaced
from recipes.countdown.experiment.judges import NoisyJudge, named
from recipes.countdown.experiment.settings import Run
from recipes.countdown.experiment.streams import numpy_stream


class Rewards:
    """What the loop trains on.

    Args:
        run: its settings.
        learned: the folder of the classifier that judges, where the settings ask for one.
    """

    def __init__(self, run: Run, learned: Path | None = None) -> None:
        self._run = run
        self._similarity: PairScorer = equivalent
        self._threshold = 0.5
        if run.judge == "learned":
            from darling_plugin.similarity import build_similarity

            classifier = build_similarity("classifier", model=str(learned), device="cpu")
            self._similarity, self._threshold = classifier, classifier.default_threshold
        self._step = Step(run.darling, classes=self._classes(self._similarity, self._threshold))
        # The groups of a run on quality alone are looked at for the log, as `darling.monitor` does in verl.
        self._monitor = Step(parse_settings({}), classes=self._step.classes) if run.objective == "grpo" else self._step

    def __call__(self, step: int, texts: Sequence[str], uid: Sequence[int], quality: np.ndarray) -> StepResult:
        """Rewards and advantages of the responses of one step; the same for the same step, whatever came before."""
        run = self._run
        if run.objective == "ngram":
            texts = [spaced(text) for text in texts]
        elif run.noisy:
            rng = numpy_stream("verdicts", run.seed, step)
            noisy = NoisyJudge(self._similarity, run.false_same, run.false_different, rng, self._threshold)
            self._step.classes = self._classes(noisy, 0.5)
            texts = named(texts)
        rollouts = Rollouts(texts, uid, quality)
        if self._monitor is not self._step:
            self._monitor(rollouts)
        return self._step(rollouts)

    def metrics(self) -> dict[str, float]:
        """The step's metrics since the last call, without their prefix."""
        return {name.removeprefix("darling/"): value for name, value in self._monitor.metrics().items()}

    def _classes(self, similarity: PairScorer, threshold: float) -> InProcess:
        rule = PartitionRule(threshold, short_text_rule=False, strategy=self._run.darling.diversity.partition)
        return InProcess(similarity, rule)


def quality_of(prompts: Sequence[Prompt], texts: Sequence[str]) -> np.ndarray:
    """1.0 where texts[i] solves prompts[i], else 0.0; shape (texts,)."""
    pairs = zip(prompts, texts, strict=True)
    return np.array([float(verify(prompt.digits, prompt.target, text) is not None) for prompt, text in pairs])
