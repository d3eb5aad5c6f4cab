"""The hook around `_compute_advantage`, put round every trainer that verl has registered.

The hook reads a step's responses and qualities from TransferQueue, sends them through `core.run_pipeline`, and hands
the result to the estimator; the rest is verl's own code (KL in the reward, rollout correction, writing advantages). It
starts when verl begins to compute the old log-probabilities: the batch is complete by then, in the modes sync,
colocate_async and separate_async and with a reward model that is scored after sampling, and this process only waits
for the workers, so most of the hook's time is hidden.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from darling_plugin.config import DarlingSettings
from darling_plugin.core import PipelineResult, group_advantages, group_metrics, run_pipeline
from darling_plugin.core.pipeline import FindPartition, finder
from darling_plugin.errors import SimilarityError
from darling_plugin.integrations.verl import checkpoints, estimator, rollouts, samples, validation
from darling_plugin.integrations.verl.partitions import Service, open_service, service_metrics
from darling_plugin.integrations.verl.rollouts import Rollouts
from darling_plugin.integrations.verl.validate import read_settings, uses_darling, validate_job
from darling_plugin.similarity import Similarity

logger = logging.getLogger(__name__)


@dataclass
class StepLog:
    """What the hook did in one training step, which may hold several calls (`parameter_sync_step`).

    seconds: its work. waited_s: the part of it that the trainer had to wait for.
    """

    seconds: float = 0.0
    waited_s: float = 0.0
    quality_only: bool = False
    parts: list[tuple[Rollouts, PipelineResult]] = field(default_factory=list)

    def metrics(self) -> dict[str, float]:
        """The step's `darling/*` metrics over all its responses."""
        if not self.parts:
            return {}
        if self.quality_only:
            mean = float(np.concatenate([rows.quality for rows, _ in self.parts]).mean())
            return {"darling/quality/mean": mean, "darling/quality_only": 1.0} | self._time()
        parts = [result for _, result in self.parts]
        labels = None if any(p.labels is None for p in parts) else np.concatenate([p.labels for p in parts])
        metrics = group_metrics(
            np.concatenate([rows.quality for rows, _ in self.parts]),
            np.concatenate([p.diversity for p in parts]),
            np.concatenate([p.rewards for p in parts]),
            labels,
            np.concatenate([rows.uid for rows, _ in self.parts]),
            correct=np.concatenate([p.correct for p in parts]),
        )
        metrics["verdicts/asked"] = float(sum(p.verdicts_asked for p in parts))
        metrics["verdicts/avoided"] = float(sum(p.verdicts_avoided for p in parts))
        metrics["verdicts/rounds"] = float(max(p.rounds for p in parts))
        metrics["quality_only"] = 0.0
        return {f"darling/{name}": value for name, value in metrics.items()} | self._time()

    def _time(self) -> dict[str, float]:
        return {"darling/seconds": self.seconds, "darling/wait_seconds": self.waited_s}


@dataclass(frozen=True)
class Prepared:
    """The hook's work on one batch, known by its keys."""

    keys: tuple[str, ...]
    work: Future[tuple[Rollouts, PipelineResult]]


class DarlingTrainer:
    """Mixed in before a verl trainer class; everything that it does not define is verl's."""

    config: Any
    tokenizer: Any
    global_steps: int

    def __init__(self, config: Any) -> None:
        validate_job(config)  # again: a program of one's own may not call verl's validate_config
        super().__init__(config)  # type: ignore[call-arg]
        self._set_up_darling()

    def _set_up_darling(self) -> None:
        self._darling_on = uses_darling(self.config)
        self._darling = read_settings(self.config)
        self._darling_log = StepLog()
        self._prepared: Prepared | None = None
        self._service: Service | None = None
        self._find: FindPartition | None = None
        self._validated: list[str] = []
        if not self._watched:
            return
        checkpoints.keep_metrics(self.config)
        self._darling_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="darling")
        self._judge = self._darling.similarity.build() if self._darling.diversity.kind == "partition" else None
        self._service = open_service(self.config, self._darling, self._judge)
        if self._service is not None:
            self._find = self._service.partition
        elif self._judge is not None:
            self._find = finder(_reporting(self._judge), self._darling.pipeline(self._judge, shift="none"))
        self._shift = _initial_shift(self.config, self._darling)
        logger.info("darling: %s", self._darling.model_dump_json())

    @property
    def _watched(self) -> bool:
        """Whether this run's groups are looked at, for their rewards or for the log only."""
        return self._darling_on or self._darling.monitor

    def _compute_old_log_prob(self, batch: Any, metrics: dict[str, Any]) -> Any:
        if self._watched:
            self._prepared = self._prepare(batch)
        return super()._compute_old_log_prob(batch, metrics)  # type: ignore[misc]

    def _compute_advantage(self, batch: Any, metrics: dict[str, Any]) -> Any:
        if not self._watched:
            return super()._compute_advantage(batch, metrics)  # type: ignore[misc]
        start = time.perf_counter()
        prepared, self._prepared = self._prepared, None
        if prepared is None or prepared.keys != tuple(batch.keys):
            prepared = self._prepare(batch)  # a trainer of one's own may call this alone, or with other rows
        rows, result = prepared.work.result()
        self._darling_log.waited_s += time.perf_counter() - start
        if samples.due(self.global_steps, self._darling.samples) and not self._darling_log.parts:
            self._write_samples(batch, rows, result)
        self._darling_log.parts.append((rows, result))
        for_estimator = estimator.EstimatorBatch(
            rows.sessions.final_row,
            rows.sessions.session_of_row,
            rows.by_session(result.rewards - rows.quality),
            self._darling.advantage.normalize_by_std,
        )
        with estimator.estimating(for_estimator):
            return super()._compute_advantage(batch, metrics)  # type: ignore[misc]

    def _prepare(self, batch: Any) -> Prepared:
        def work() -> tuple[Rollouts, PipelineResult]:
            start = time.perf_counter()
            rows = rollouts.read_rollouts(rows_of, self.tokenizer)
            result = self._fuse(rows)
            self._darling_log.seconds += time.perf_counter() - start
            return rows, result

        rows_of = copy.copy(batch)  # verl goes on to add to its own
        return Prepared(tuple(batch.keys), self._darling_thread.submit(work))

    def _compute_metrics(self, batch: Any, metrics: dict[str, Any], timing_raw: dict[str, float], **kwargs: Any) -> Any:
        # Here, not in `_compute_advantage`: verl averages what that one returns over a step's mini-batches, and the
        # length of the step is known only now.
        step_metrics = self._darling_log.metrics()
        if step_metrics and timing_raw.get("step"):
            step_metrics["darling/step_share"] = self._darling_log.waited_s / timing_raw["step"]
        if step_metrics and self._service is not None:
            step_metrics |= service_metrics(self._service.counts(), self._darling_log.waited_s)
        metrics.update(step_metrics)
        self._darling_log = StepLog()
        return super()._compute_metrics(batch, metrics, timing_raw, **kwargs)  # type: ignore[misc]

    def _save_checkpoint(self) -> None:
        super()._save_checkpoint()  # type: ignore[misc]
        if self._watched:
            state = checkpoints.State(shift=self._shift)
            checkpoints.save(self.config, self.global_steps, state, self._service, self._darling.similarity)

    def _load_checkpoint(self) -> None:
        super()._load_checkpoint()  # type: ignore[misc]
        if self._watched and self.global_steps:
            state = checkpoints.load(self.config, self.global_steps, self._service, self._darling.similarity)
            if state is not None and self._darling.fusion.shift == "auto":
                self._shift = state.shift

    def on_validate_begin(self) -> None:
        if self._service is not None:
            self._service.pause()
        super().on_validate_begin()  # type: ignore[misc]

    def on_validate_end(self) -> None:
        super().on_validate_end()  # type: ignore[misc]
        if self._service is not None:
            self._service.resume()

    def _maybe_log_val_generations(self, inputs: Any, outputs: Any, scores: Any) -> None:
        # verl calls this right before the next one, with the texts that the next one is not given.
        self._validated = list(outputs)
        super()._maybe_log_val_generations(inputs, outputs, scores)  # type: ignore[misc]

    def _val_metrics_update(
        self, data_sources: Any, sample_uids: Any, reward_extra_infos_dict: Any, *args: Any, **kwargs: Any
    ) -> Any:
        figures = super()._val_metrics_update(  # type: ignore[misc]
            data_sources, sample_uids, reward_extra_infos_dict, *args, **kwargs
        )
        if self._watched:
            figures |= self._diversity_of_validation(data_sources, sample_uids, reward_extra_infos_dict)
        return figures

    def _diversity_of_validation(self, sources: list[str], uid: list[str], infos: dict[str, list[Any]]) -> Any:
        texts, self._validated = self._validated, []
        quality = np.array(infos["reward"], dtype=float)
        above, reward_model = self._darling.diversity.correct_above, self.config.reward.reward_model.enable
        correct = validation.who_is_correct(infos, quality, above, reward_model=reward_model)
        labels = None
        if self._find is not None and len(set(uid)) < len(uid):  # one response to each prompt: nothing to compare
            try:
                labels = self._find(texts, uid, None).labels
            except SimilarityError as error:
                logger.warning("darling: this validation is without its classes: %s", error)
        return validation.validation_metrics(sources, uid, quality, correct, labels)

    def on_train_end(self) -> None:
        super().on_train_end()  # type: ignore[misc]
        if self._service is not None:
            self._service.close()

    def _fuse(self, rows: Rollouts) -> PipelineResult:
        if self._shift == "none" and _must_shift(self._darling) and (rows.quality < 0).any():
            self._shift = "group_min"
            logger.warning(
                "darling: negative quality (lowest %.4g). Multiplied by diversity, it would make the more distinct of "
                "two bad responses the worse one, so from now on each group's lowest quality is subtracted first. "
                "Set darling.fusion.shift=group_min or none to decide this yourself.",
                rows.quality.min(),
            )
        settings = self._darling.pipeline(self._judge, shift=self._shift)
        try:
            return run_pipeline(rows.responses, rows.uid, rows.quality, None, settings, self._find)
        except SimilarityError as error:
            if self._darling.on_failure == "raise":
                raise
            logger.warning(
                "darling: step %d trains on quality alone (darling.on_failure=quality_only): %s",
                self.global_steps,
                error,
            )
            self._darling_log.quality_only = True
            return _quality_only(rows, settings.normalize_by_std)

    def _write_samples(self, batch: Any, rows: Rollouts, result: PipelineResult) -> None:
        chosen = samples.choose_rows(rows.uid, self._darling.samples.groups)
        prompts = rollouts.read_prompts(batch, rows.row[chosen], self.tokenizer)
        records = samples.records(self.global_steps, chosen, prompts, rows, result)
        folder = samples.folder(self._darling.samples, self.config.trainer.default_local_dir)
        samples.write(records, folder, self.global_steps)
        samples.log_table(records, getattr(self, "logger", None), self.global_steps)


def _quality_only(rows: Rollouts, normalize_by_std: bool) -> PipelineResult:
    """What a step trains on when the judge failed: no classes, and diversity left out of the reward."""
    return PipelineResult(
        labels=None,
        correct=np.zeros(len(rows), dtype=bool),
        diversity=np.ones(len(rows)),
        rewards=rows.quality,
        advantages=group_advantages(rows.quality, rows.uid, normalize_by_std=normalize_by_std),
        verdicts_asked=0,
        verdicts_avoided=0,
        rounds=0,
    )


def _must_shift(settings: DarlingSettings) -> bool:
    return settings.fusion.shift == "auto" and settings.fusion.mode == "multiplicative"


def _initial_shift(config: Any, settings: DarlingSettings) -> Literal["none", "group_min"]:
    if settings.fusion.shift != "auto":
        return settings.fusion.shift
    if _must_shift(settings) and config.reward.reward_model.enable:
        logger.warning(
            "darling: a reward model's scores can be negative, so each group's lowest quality is subtracted before it "
            "is multiplied by diversity. Set darling.fusion.shift=none to multiply the scores as they are."
        )
        return "group_min"
    return "none"


def _reporting(judge: Similarity) -> Any:
    """The judge, with whatever it raises turned into the one error that `on_failure` is about."""

    def ask(pairs: Sequence[tuple[str, str]]) -> Sequence[float]:
        try:
            return judge(pairs)
        except Exception as error:
            raise SimilarityError(
                f"similarity: {type(judge).__name__} failed on {len(pairs)} pairs: {type(error).__name__}: {error}"
            ) from error

    return ask


def wrap_trainers() -> None:
    """Put the hook round every trainer class in verl's registry, in place; a second call changes nothing.

    In place, under the same names: verl compares `trainer.v1.trainer_mode` with "sync" and reads `trainer.v1[mode]`,
    so a mode name of our own would change what verl does.
    """
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    for name, trainer in list(TRAINER_REGISTRY.items()):
        if not issubclass(trainer, DarlingTrainer):
            TRAINER_REGISTRY[name] = type(f"Darling{trainer.__name__}", (DarlingTrainer, trainer), {})
