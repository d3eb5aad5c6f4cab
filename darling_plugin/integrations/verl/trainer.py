"""The hook around `_compute_advantage`, put round every trainer that verl has registered.

The hook reads a step's responses and qualities from TransferQueue, gives them to the step (`darling_plugin/step.py`),
and hands its advantages to the estimator; the rest is verl's own code (KL in the reward, rollout correction, writing
advantages). It starts when verl begins to compute the old log-probabilities. The batch is complete by then, in the
modes sync, colocate_async and separate_async and with a reward model that is scored after sampling. This process only
waits for the workers then, so most of the hook's time is hidden.

A service that has GPUs is started at the end of verl's `_setup`, when all of verl's pools exist: verl waits without a
limit for whole nodes, which a replica that came first would keep from it.
"""

from __future__ import annotations

import copy
import logging
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from darling_plugin import samples
from darling_plugin.integrations.verl import estimator, rollouts
from darling_plugin.integrations.verl.rollouts import BatchRows
from darling_plugin.integrations.verl.run import DarlingRun
from darling_plugin.integrations.verl.samples import log_table
from darling_plugin.integrations.verl.validate import validate_job
from darling_plugin.rollouts import Rollouts, StepResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """The hook's work on one batch, known by its keys."""

    keys: tuple[str, ...]
    work: Future[tuple[BatchRows, StepResult]]


class DarlingTrainer(DarlingRun):
    """Mixed in before a verl trainer class; everything that it does not define is verl's."""

    _prepared: Prepared | None = None

    def __init__(self, config: Any) -> None:
        validate_job(config)  # again: a program of one's own may not call verl's validate_config
        super().__init__(config)  # type: ignore[call-arg]
        self._set_up_darling()

    def _setup(self) -> None:
        super()._setup()  # type: ignore[misc]
        if self._waits_for_pools:
            self._start_darling(self.resource_pool_manager)
            self._restore_darling()
        self._expect_lowest(self.train_dataset)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().fit(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._close_darling()  # not in `on_train_end`: verl 0.9.1 returns after the last step without calling it

    def _compute_old_log_prob(self, batch: Any, metrics: dict[str, Any]) -> Any:
        # An objective that reads the old log-probabilities must wait for them.
        if self._watched and "logprobs" not in self._step.objective.needs:
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
        self._calls, self._waited_s = self._calls + 1, self._waited_s + time.perf_counter() - start
        if self._calls == 1 and samples.due(self.global_steps, self._darling.samples):
            self._write_samples(batch, rows, result)
        for_estimator = estimator.EstimatorBatch(
            rows.sessions.final_row,
            rows.sessions.session_of_row,
            rows.by_session(result.advantages),
            rows.by_session(result.quality) if self.config.algorithm.use_kl_in_reward else None,
            rows.by_session(result.gain) if self._darling.reward else None,
        )
        with estimator.estimating(for_estimator):
            return super()._compute_advantage(batch, metrics)  # type: ignore[misc]

    def _prepare(self, batch: Any) -> Prepared:
        def work() -> tuple[BatchRows, StepResult]:
            needs = self._step.objective.needs
            rows = rollouts.read_rows(rows_of, self.tokenizer)
            prompts = rollouts.read_prompt_ids(rows_of, rows.row) if "prompts" in needs else None
            logprobs = rollouts.read_logprobs(rows_of, rows.row) if "logprobs" in needs else None
            return rows, self._step(Rollouts(rows.responses, rows.uid, rows.quality, prompts, logprobs))

        rows_of = copy.copy(batch)  # verl adds to its own later
        return Prepared(tuple(batch.keys), self._darling_thread.submit(work))

    def _compute_metrics(self, batch: Any, metrics: dict[str, Any], timing_raw: dict[str, float], **kwargs: Any) -> Any:
        # Here, not in `_compute_advantage`: verl averages what that one returns over a step's mini-batches, and the
        # length of the step is known only now.
        step_metrics = self._step.metrics() if self._watched else {}
        if step_metrics:
            step_metrics["darling/wait_seconds"] = self._waited_s
            if timing_raw.get("step"):
                step_metrics["darling/step_share"] = self._waited_s / timing_raw["step"]
            step_metrics |= self._service_metrics()
        metrics.update(step_metrics)
        self._calls, self._waited_s = 0, 0.0
        return super()._compute_metrics(batch, metrics, timing_raw, **kwargs)  # type: ignore[misc]

    def _save_checkpoint(self) -> None:
        super()._save_checkpoint()  # type: ignore[misc]
        self._save_darling()

    def _load_checkpoint(self) -> None:
        super()._load_checkpoint()  # type: ignore[misc]
        if not self._waits_for_pools:
            self._restore_darling()

    def on_validate_begin(self) -> None:
        self._pause_darling()
        super().on_validate_begin()  # type: ignore[misc]

    def on_validate_end(self) -> None:
        super().on_validate_end()  # type: ignore[misc]
        self._resume_darling()

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

    def _write_samples(self, batch: Any, rows: BatchRows, result: StepResult) -> None:
        chosen = samples.choose_rows(rows.uid, self._darling.samples.groups)
        prompts = rollouts.read_prompts(batch, rows.row[chosen], self.tokenizer)
        records = samples.records(self.global_steps, chosen, prompts, rows.responses, result)
        folder = samples.folder(self._darling.samples, self.config.trainer.default_local_dir)
        samples.write(records, folder, self.global_steps)
        log_table(records, getattr(self, "logger", None), self.global_steps)


def wrap_trainers() -> None:
    """Put the hook round every trainer class in verl's registry, in place; a second call changes nothing.

    In place, under the same names: verl compares `trainer.v1.trainer_mode` with "sync" and reads `trainer.v1[mode]`,
    so a mode name of our own would change what verl does.
    """
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    for name, trainer in list(TRAINER_REGISTRY.items()):
        if not issubclass(trainer, DarlingTrainer):
            TRAINER_REGISTRY[name] = type(f"Darling{trainer.__name__}", (DarlingTrainer, trainer), {})
