"""From the responses of a step to their advantages: the plugin's own step, as a run's settings ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.config import parse_settings
from darling_plugin.core import PartitionRule
from darling_plugin.core.pair_scoring import PairScorer
from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.similarity import equivalent
from darling_plugin.countdown.task import verify
from darling_plugin.rollouts import Rollouts, StepResult
from darling_plugin.step import InProcess, Step
from recipes.countdown.experiment.char_tokenizer import spaced
from recipes.countdown.experiment.noise import NoisySimilarity, named
from recipes.countdown.experiment.settings import Run
from recipes.countdown.experiment.streams import numpy_stream


class Rewards:
    """What the loop trains on.

    Args:
        run: its settings.
        learned: the folder of the classifier, where the settings ask for one.
    """

    def __init__(self, run: Run, learned: Path | None = None) -> None:
        self._run = run
        self._similarity: PairScorer = equivalent
        self._threshold = 0.5
        if run.judge == "learned":
            from darling_plugin.similarity import build_similarity

            classifier = build_similarity("classifier", model=str(learned), device="cpu")
            self._similarity, self._threshold = classifier, classifier.default_threshold
        clean = self._classes(self._similarity, self._threshold)
        self._step = Step(run.darling, classes=clean)
        # The groups of a run without classes are looked at for the log, as `darling.monitor` does in verl.
        watched = run.objective != "ngram" and "classes" not in self._step.objective.needs
        self._monitor = Step(parse_settings({}), classes=clean) if watched else self._step

    def __call__(
        self,
        step: int,
        texts: Sequence[str],
        uid: Sequence[int],
        quality: np.ndarray,
        prompts: Sequence[Prompt] | None = None,
        logprobs: np.ndarray | None = None,
    ) -> StepResult:
        """Rewards and advantages of the responses of one step.

        The same for the same step, whatever came before, but for objectives that keep counts (`state_dict`).

        prompts, logprobs: of each response, its prompt and the mean log-probability of its tokens.
        """
        run = self._run
        if self._monitor is not self._step:
            self._monitor(Rollouts(texts, uid, quality))
        if run.objective == "ngram":
            texts = [spaced(text) for text in texts]
        elif run.noisy:
            rng = numpy_stream("verdicts", run.seed, step)
            noisy = NoisySimilarity(self._similarity, run.false_same, run.false_different, rng, self._threshold)
            self._step.classes = self._classes(noisy, 0.5)
            texts = named(texts)
        names = None if prompts is None else [prompt.text for prompt in prompts]
        result = self._step(Rollouts(texts, uid, quality, names, logprobs))
        if self._monitor is not self._step:
            self._step.metrics()  # taken, so that they do not pile up
        return result

    def state_dict(self) -> dict[str, Any]:
        """What the objective keeps from step to step."""
        return self._step.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if state:
            self._step.load_state_dict(state)

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
