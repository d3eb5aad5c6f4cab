"""One training step of any trainer: responses, prompts and quality in; rewards, advantages, classes and metrics out.

    responses ──► what the objective needs ─┐
                                            ├─► objective ──► rewards, advantages
    quality ────► shift, where it must be ──┘

A `Step` is made once per run and called with whole groups. It knows no trainer: an adapter in `integrations/`
translates between a host's batches and `Rollouts`, and computes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from darling_plugin.config import DarlingSettings
from darling_plugin.core import (
    Partition,
    PartitionRule,
    checks,
    find_partition,
    group_advantages,
)
from darling_plugin.core.groups import Uid, group_rows
from darling_plugin.core.pair_scoring import PairScorer, score_pairs
from darling_plugin.errors import ConfigError, DarlingError, SimilarityError
from darling_plugin.objectives import Batch, Objective, Scored
from darling_plugin.rollouts import Rollouts, StepResult
from darling_plugin.shift import Shift
from darling_plugin.similarity import Similarity
from darling_plugin.similarity.base import Encoder
from darling_plugin.step_metrics import StepMetrics

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Classes(Protocol):
    """Where classes, scores and encodings come from: a similarity in this process, or a service (`service/`)."""

    def partition(
        self,
        texts: Sequence[str],
        uid: Uid,
        correct: Sequence[bool] | np.ndarray | None = None,
    ) -> Partition: ...

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray: ...

    def vectors(self, texts: Sequence[str]) -> np.ndarray: ...


class InProcess:
    """A similarity that is called where the step runs. Whatever it raises becomes a `SimilarityError`."""

    def __init__(self, similarity: PairScorer, rule: PartitionRule):
        self._similarity = similarity
        self._rule = rule

    def partition(
        self,
        texts: Sequence[str],
        uid: Uid,
        correct: Sequence[bool] | np.ndarray | None = None,
    ) -> Partition:
        rule = self._rule
        return find_partition(
            texts,
            uid,
            self._score,
            threshold=rule.threshold,
            correct=correct,
            short_text_rule=rule.short_text_rule,
            domain=rule.domain,
            strategy=rule.strategy,
        )

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        return self._rule.rules.probabilities(pairs, self._score)

    def _score(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        return score_pairs(lambda pairs: self._guarded(self._similarity, pairs), list(pairs))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        if not isinstance(self._similarity, Encoder):
            raise ConfigError(
                f"darling.similarity: the objective needs an encoding of each response, but "
                f"{type(self._similarity).__name__} gives none; set darling.similarity.name=classifier or embedding."
            )
        return np.asarray(self._guarded(self._similarity.vectors, list(texts)))

    def _guarded(self, call: Callable[[list[Any]], T], items: list[Any]) -> T:
        try:
            return call(items)
        except DarlingError:
            raise
        except Exception as error:  # whatever a model or a function of the user's raises
            raise SimilarityError(
                f"similarity: {type(self._similarity).__name__} failed on {len(items)} items: "
                f"{type(error).__name__}: {error}"
            ) from error


class Step:
    """The method, for one run: objective, similarity, the shift of negative quality, metrics and state.

    Args:
        settings: the `darling:` node.
        similarity: used instead of the one that the settings name.
        classes: where classes come from, when not from a similarity in this process: a partition service.
        reward_model: whether quality is a reward model's score, which has no known lowest value.

    Raises `ConfigError` for settings that contradict each other.
    """

    def __init__(
        self,
        settings: DarlingSettings,
        *,
        similarity: Similarity | None = None,
        classes: Classes | None = None,
        reward_model: bool = False,
    ):
        self.settings = settings
        self.objective: Objective = settings.build_objective()
        self.classes = classes
        self.read = settings.similarity.reader(similarity)
        """What turns responses into what the similarity reads of them (`similarity/text.py`)."""
        if classes is None and needs_similarity(self.objective):
            similarity = settings.similarity.build() if similarity is None else similarity
            self.classes = InProcess(similarity, settings.partition_rule(similarity))
            self.read = settings.similarity.reader(similarity)
        self.shift = Shift(settings.fusion.shift, self.objective.multiplies_quality, reward_model)
        self._metrics = StepMetrics()

    def __call__(self, rollouts: Rollouts) -> StepResult:
        """Rewards and advantages of one batch of whole groups; its metrics wait for `metrics`.

        Raises `SimilarityError` where the similarity fails and `darling.on_failure` is `raise`, and `InputError` for
        arrays that do not fit together.
        """
        start = time.perf_counter()
        texts = checks.texts("texts", rollouts.texts)
        quality = checks.numbers("quality", rollouts.quality, len(texts), "texts")
        checks.same_length("uid", len(rollouts.uid), len(texts), "texts")
        uid = np.empty(len(texts), dtype=object)
        uid[:] = list(rollouts.uid)
        correct = quality > self.settings.diversity.correct_threshold
        partition: Partition | None = None
        failed = False
        try:
            compared = self.read(texts) if needs_similarity(self.objective) else []
            if "classes" in self.objective.needs:
                assert self.classes is not None
                among = correct if self.objective.scope == "correct" else None
                partition = self.classes.partition(compared, uid, among)
            scored = self.objective.score(self._batch(rollouts, texts, compared, uid, quality, correct, partition))
        except SimilarityError as error:
            if self.settings.on_failure == "raise":
                raise
            logger.warning(
                "darling: this step trains on quality alone (darling.on_failure=quality_only): %s",
                error,
            )
            failed, partition = True, None
            normalize = bool(getattr(self.objective, "normalize_by_std", False))
            scored = Scored(quality, group_advantages(quality, uid, normalize_by_std=normalize))
        result = StepResult(
            uid=uid,
            quality=quality,
            correct=correct,
            rewards=scored.rewards,
            advantages=scored.advantages,
            diversity=scored.diversity,
            labels=None if partition is None else partition.labels,
        )
        self._metrics.add(result, partition, scored.metrics, failed, time.perf_counter() - start)
        return result

    def metrics(self) -> dict[str, float]:
        """`darling/*` metrics of all responses since `metrics` was last called; empty if there were none."""
        done, self._metrics = self._metrics, StepMetrics()
        return {f"darling/{name}": value for name, value in done.collect().items()}

    def state_dict(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON values."""
        return {"shift": self.shift.value, "objective": self.objective.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned. A shift that the settings fix stays as they say."""
        self.shift.restore(state["shift"])
        self.objective.load_state_dict(state.get("objective", {}))

    def _batch(
        self,
        rollouts: Rollouts,
        texts: list[str],
        compared: list[str],
        uid: np.ndarray,
        quality: np.ndarray,
        correct: np.ndarray,
        partition: Partition | None,
    ) -> Batch:
        """What the objective needs. compared: what the similarity reads of each text."""
        needs = self.objective.needs
        return Batch(
            uid=uid,
            texts=texts,
            quality=self.shift(quality, uid),
            correct=correct,
            labels=None if partition is None else partition.labels,
            vectors=self._vectors(compared) if "vectors" in needs else None,
            probabilities=self._probabilities(compared, uid) if "probabilities" in needs else None,
            answers=_answers(self.settings, texts) if "answers" in needs else None,
            logprobs=_required("logprobs", rollouts.logprobs, self.settings) if "logprobs" in needs else None,
            prompts=list(_required("prompts", rollouts.prompts, self.settings)) if "prompts" in needs else None,
        )

    def _vectors(self, texts: list[str]) -> np.ndarray:
        assert self.classes is not None
        return self.classes.vectors(texts) if texts else np.empty((0, 0))

    def _probabilities(self, texts: list[str], uid: np.ndarray) -> list[np.ndarray]:
        """All pairs of each group in one call: P[i, j] of the group's rows, symmetric, 1 on the diagonal."""
        assert self.classes is not None
        groups = group_rows(uid).rows
        index = [(rows[i], rows[j]) for rows in groups for j in range(len(rows)) for i in range(j)]
        pairs = list(dict.fromkeys((texts[a], texts[b]) for a, b in index))
        known = dict(zip(pairs, self.classes.probabilities(pairs).tolist(), strict=True)) if pairs else {}
        matrices = []
        for rows in groups:
            matrix = np.eye(len(rows))
            for j in range(len(rows)):
                for i in range(j):
                    matrix[i, j] = matrix[j, i] = known[texts[rows[i]], texts[rows[j]]]
            matrices.append(matrix)
        return matrices


def needs_similarity(objective: Objective | type[Objective]) -> bool:
    """Whether any response is compared with another by a similarity."""
    return bool(objective.needs & {"classes", "vectors", "probabilities"})


def _required(name: str, values: Any, settings: DarlingSettings) -> Any:
    if values is None:
        raise ConfigError(
            f"darling.objective={settings.objective}: it needs `{name}`, which this trainer's adapter does not provide."
        )
    return values


def _answers(settings: DarlingSettings, texts: list[str]) -> list[str | None]:
    from darling_plugin.quality.final_answer import final_answers

    return final_answers(texts, settings.quality.answer)
