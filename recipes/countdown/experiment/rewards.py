"""From the responses of a step to their advantages: `core.run_pipeline`, as a run's settings ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.core import PipelineResult, find_partition, run_pipeline
from darling_plugin.core.partition import Partition
from darling_plugin.core.verdicts import Judge
from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.judge import equivalent
from darling_plugin.countdown.task import verify
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
        self._judge: Judge = equivalent
        self._threshold = 0.5
        if run.judge == "learned":
            from darling_plugin.similarity import build_similarity

            classifier = build_similarity("classifier", model=str(learned), device="cpu")
            self._judge, self._threshold = classifier, classifier.default_threshold

    def __call__(self, step: int, texts: Sequence[str], uid: Sequence[int], quality: np.ndarray) -> PipelineResult:
        """Rewards and advantages of the responses of one step; the same for the same step, whatever came before."""
        run = self._run
        if run.diversity == "ngram":
            return run_pipeline([spaced(text) for text in texts], uid, quality, None, run.pipeline)
        judge, threshold = self._judge, self._threshold
        if run.noisy:
            rng = numpy_stream("verdicts", run.seed, step)
            judge = NoisyJudge(judge, run.false_same, run.false_different, rng, threshold)
            texts, threshold = named(texts), 0.5

        def by_representatives(texts: list[str], uid: Any, correct: np.ndarray | None) -> Partition:
            return find_partition(
                texts,
                uid,
                judge,
                threshold=threshold,
                correct=correct,
                short_text_rule=False,
                strategy="representatives",
            )

        find = by_representatives if run.representatives else None
        return run_pipeline(texts, uid, quality, judge, replace(run.pipeline, threshold=threshold), find)


def quality_of(prompts: Sequence[Prompt], texts: Sequence[str]) -> np.ndarray:
    """1.0 where texts[i] solves prompts[i], else 0.0; shape (texts,)."""
    pairs = zip(prompts, texts, strict=True)
    return np.array([float(verify(prompt.digits, prompt.target, text) is not None) for prompt, text in pairs])
