"""One training step of any trainer: responses, prompts and quality in; rewards, advantages, classes and metrics out.

    responses ──► what the objective needs ─┐
                                            ├─► objective ──► rewards, advantages
    quality ────► shift, where it must be ──┘

A `Step` is made once per run and called with whole groups. It knows no trainer: an adapter in `integrations/`
translates between a host's batches and `Rollouts`, and computes nothing.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from darling_plugin.config import DarlingSettings
from darling_plugin.core import (
    Partition,
    PartitionRule,
    checks,
    find_partition,
    group_advantages,
    group_metrics,
)
from darling_plugin.core.groups import Uid, group_rows
from darling_plugin.core.pair_scoring import PairScorer, score_pairs
from darling_plugin.errors import ConfigError, DarlingError, SimilarityError
from darling_plugin.objectives import Batch, Objective, Scored
from darling_plugin.similarity import Similarity
from darling_plugin.similarity.base import Encoder

logger = logging.getLogger(__name__)

T = TypeVar("T")
Shift = str | float
"""`none`, `group_min`, or the number that is subtracted from every quality."""


@dataclass(frozen=True)
class Rollouts:
    """The responses of one step, whole groups of them, in any order; one entry per response everywhere.

    texts: what the similarity reads. uid: names the group. quality: (rows,), how good each response is.
    prompts, logprobs: only where the objective `needs` them (`objectives/base.py`).
    """

    texts: Sequence[str]
    uid: Uid
    quality: Sequence[float] | np.ndarray
    prompts: Sequence[Hashable] | None = None
    logprobs: Sequence[float] | np.ndarray | None = None


@dataclass(frozen=True)
class StepResult:
    """What to train on; one entry per response in each array.

    rewards, advantages: of the objective. quality: as it came in. gain: rewards − quality, what the objective adds.
    diversity: None where the objective has none. labels: class within the uid, −1 = left out; None without classes.
    correct: quality above `darling.diversity.correct_threshold`.
    """

    uid: np.ndarray
    quality: np.ndarray
    correct: np.ndarray
    rewards: np.ndarray
    advantages: np.ndarray
    diversity: np.ndarray | None
    labels: np.ndarray | None

    @property
    def gain(self) -> np.ndarray:
        return self.rewards - self.quality


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
    """A similarity that is called where the step runs. Whatever it raises becomes the one error of `on_failure`."""

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
            self.probabilities,
            threshold=rule.threshold,
            correct=correct,
            short_text_rule=rule.short_text_rule,
            strategy=rule.strategy,
        )

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        return score_pairs(lambda pairs: self._guarded(self._similarity, pairs), list(pairs))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        if not isinstance(self._similarity, Encoder):
            raise ConfigError(
                f"darling.similarity: the objective needs an encoding of each response, and "
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
        similarity: in the place of the one that the settings name.
        classes: where classes come from, when not from a similarity in this process: a partition service.
        reward_model: whether quality is a reward model's score, which has no known lowest value.

    Raises `ConfigError` for settings that do not go together.
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
        self._shift = _initial_shift(settings, self.objective, reward_model)
        self._log = _StepLog()

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
        self._log.add(result, partition, scored.metrics, failed, time.perf_counter() - start)
        return result

    def metrics(self) -> dict[str, float]:
        """`darling/*` of all calls since the last one of this, over all their responses; none without a call."""
        log, self._log = self._log, _StepLog()
        return {f"darling/{name}": value for name, value in log.metrics().items()}

    def state_dict(self) -> dict[str, Any]:
        """What must survive a restart, as plain JSON values."""
        return {"shift": self._shift, "objective": self.objective.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned. A shift that the settings fix stays as they say."""
        if self.settings.fusion.shift == "auto":
            self._shift = state["shift"]
        self.objective.load_state_dict(state.get("objective", {}))

    def expect_lowest(self, lowest: float, reason: str) -> None:
        """Subtract a known lowest score from the first step on, the same from every quality.

        Of effect where `darling.fusion.shift=auto`, the objective multiplies quality, and nothing is subtracted yet.
        lowest: at most 0; rounded down. reason: where it comes from, for the log.
        """
        if self.settings.fusion.shift != "auto" or self._shift != "none" or not self.objective.multiplies_quality:
            return
        if (floor := float(math.floor(lowest))) < 0:
            self._shift = floor
            logger.info(
                "darling: %g is subtracted from every quality before it is multiplied by diversity (darling.fusion."
                "shift=auto): %s. Right answers keep their full share of the reward, in a group of right ones too.",
                floor,
                reason,
            )

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
            quality=self._shifted(quality, uid),
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

    def _shifted(self, quality: np.ndarray, uid: np.ndarray) -> np.ndarray:
        """Quality as the objective may multiply it. Finds out here that it can be negative, where nobody said so."""
        if not self.objective.multiplies_quality or not len(quality):
            return quality
        if self.settings.fusion.shift == "auto" and self._shift != "group_min":
            lowest = float(quality.min())
            if lowest < (0.0 if self._shift == "none" else float(self._shift)):
                self._shift = float(math.floor(lowest))
                logger.warning(
                    "darling: negative quality (lowest %.4g). Multiplied by diversity it would make the more distinct "
                    "of two bad responses the worse one, so from now on %g is subtracted from every quality first: "
                    "the lowest score, rounded down. Set darling.fusion.shift to the lowest score that your verifier "
                    "gives, to group_min or to none.",
                    lowest,
                    self._shift,
                )
        if self._shift == "group_min":
            return group_rows(uid).above_lowest(quality)
        return quality if self._shift == "none" else quality - float(self._shift)


def needs_similarity(objective: Objective | type[Objective]) -> bool:
    """Whether any response is compared with another by a similarity."""
    return bool(objective.needs & {"classes", "vectors", "probabilities"})


def _required(name: str, values: Any, settings: DarlingSettings) -> Any:
    if values is None:
        raise ConfigError(
            f"darling.objective={settings.objective}: it needs `{name}`, and this trainer's adapter does not give them."
        )
    return values


def _answers(settings: DarlingSettings, texts: list[str]) -> list[str | None]:
    from darling_plugin.quality.final_answer import final_answers

    return final_answers(texts, settings.quality.answer)


def _initial_shift(settings: DarlingSettings, objective: Objective, reward_model: bool) -> Shift:
    if settings.fusion.shift != "auto":
        return settings.fusion.shift
    if objective.multiplies_quality and reward_model:
        logger.warning(
            "darling: a reward model's scores can be negative, so each group's lowest quality is subtracted before it "
            "is multiplied by diversity. Set darling.fusion.shift=none to multiply the scores as they are."
        )
        return "group_min"
    return "none"


class _StepLog:
    """What was done since metrics were last taken."""

    def __init__(self) -> None:
        self.parts: list[StepResult] = []
        self.partitions: list[Partition] = []
        self.own: list[Mapping[str, float]] = []
        self.failed = False
        self.seconds = 0.0

    def add(
        self, result: StepResult, partition: Partition | None, own: Mapping[str, float], failed: bool, seconds: float
    ) -> None:
        self.parts.append(result)
        self.partitions += [] if partition is None else [partition]
        self.own.append(own)
        self.failed |= failed
        self.seconds += seconds

    def metrics(self) -> dict[str, float]:
        if not self.parts:
            return {}
        if self.failed:
            quality = float(np.concatenate([part.quality for part in self.parts]).mean())
            return {"quality/mean": quality, "quality_only": 1.0, "seconds": self.seconds}
        metrics = group_metrics(
            np.concatenate([part.quality for part in self.parts]),
            _joined([part.diversity for part in self.parts]),
            np.concatenate([part.rewards for part in self.parts]),
            _joined([part.labels for part in self.parts]),
            np.concatenate([part.uid for part in self.parts]),
            correct=np.concatenate([part.correct for part in self.parts]),
        )
        if self.partitions:
            metrics["pairs/scored"] = float(sum(partition.scored for partition in self.partitions))
            metrics["pairs/skipped"] = float(sum(partition.skipped for partition in self.partitions))
            metrics["pairs/rounds"] = float(max(partition.rounds for partition in self.partitions))
        for name in {name for own in self.own for name in own}:
            metrics[f"objective/{name}"] = float(np.mean([own[name] for own in self.own if name in own]))
        return metrics | {"quality_only": 0.0, "seconds": self.seconds}


def _joined(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if len(present) == len(arrays) else None
