"""What an adapter for any of verl's trainers holds: the settings, the step, the service, and their state on disk.

Mixed into a trainer (V1, `trainer.py`) or an object beside one (V0, `v0.py`). It gives methods that the adapters call;
it knows neither TransferQueue nor DataProto.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from darling_plugin.config import DarlingSettings
from darling_plugin.errors import SimilarityError
from darling_plugin.integrations.verl import checkpoints, scores, validation
from darling_plugin.integrations.verl.partitions import (
    Service,
    needs_gpus,
    open_service,
    service_metrics,
    training_groups,
)
from darling_plugin.integrations.verl.validate import read_settings, uses_darling
from darling_plugin.step import Step, needs_similarity

logger = logging.getLogger(__name__)

T = TypeVar("T")


class DarlingRun:
    """One run's settings, step and service; a trainer's `config`, `tokenizer` and `global_steps` are beside them."""

    config: Any
    tokenizer: Any
    global_steps: int
    train_dataset: Any
    resource_pool_manager: Any
    starts_later = False
    """Whether the adapter itself calls `_start_darling`, for jobs without GPUs for the classifier too."""
    _darling: DarlingSettings
    _step: Step

    def _set_up_darling(self) -> None:
        self._darling_on = uses_darling(self.config)
        self._darling = read_settings(self.config)
        self._service: Service | None = None
        self._calls, self._waited_s = 0, 0.0  # of the hook in this training step
        self._validated: list[str] = []
        self._waits_for_pools = False
        if not self._watched:
            return
        checkpoints.keep_metrics(self.config)
        self._darling_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="darling")
        self._similarity = (
            self._darling.similarity.build() if needs_similarity(self._darling.build_objective()) else None
        )
        self._waits_for_pools = needs_gpus(self._darling.service, self._similarity)
        if not (self._waits_for_pools or self.starts_later):
            self._start_darling()

    def _start_darling(self, pools: Any = None) -> None:
        """Open the service and make the step. pools: verl's `ResourcePoolManager`, once it has made its groups."""
        groups = training_groups(pools) if pools is not None and self._darling.service.place == "shared" else []
        self._service = open_service(self.config, self._darling, self._similarity, groups)
        self._step = Step(
            self._darling,
            similarity=self._similarity,
            classes=self._service,
            reward_model=scores.has_reward_model(self.config),
        )
        logger.info("darling: %s", self._darling.model_dump_json())

    @property
    def _watched(self) -> bool:
        """Whether this run's groups are looked at, for their rewards or for the log only."""
        return self._darling_on or self._darling.monitor or self._darling.reward

    def _save_darling(self) -> None:
        """Write the state beside the checkpoint that verl has just written."""
        if self._watched:
            state = self._step.state_dict()
            checkpoints.save(self.config, self.global_steps, state, self._service, self._darling.similarity)

    def _restore_darling(self) -> None:
        """Take over the state of the checkpoint that verl has resumed from."""
        if self._watched and self.global_steps:
            state = checkpoints.load(self.config, self.global_steps, self._service, self._darling.similarity)
            if state is not None:
                self._step.load_state_dict(state)

    def _expect_lowest(self, dataset: Any) -> None:
        """Tell the step the lowest score of the verifiers that the training data names, where verl's are used."""
        if self._watched and (lowest := scores.known_lowest(self.config, self._darling, dataset)) is not None:
            self._step.shift.expect_lowest(lowest.value, lowest.reason)

    def _pause_darling(self) -> None:
        if self._service is not None:
            self._tried("pause", self._service.pause)

    def _resume_darling(self) -> None:
        if self._service is not None:
            self._tried("resume", self._service.resume)

    def _service_metrics(self) -> dict[str, float]:
        counts = None if self._service is None else self._tried("counts", self._service.counts)
        return {} if counts is None else service_metrics(counts, self._waited_s)

    def _close_darling(self) -> None:
        """End the service with the training, however that ends; a service that is gone already is no error then."""
        service, self._service = self._service, None
        if service is not None:
            try:
                service.close()
            except SimilarityError as error:
                logger.warning("darling: the partition service ended before the training did: %s", error)

    def _tried(self, what: str, call: Callable[[], T]) -> T | None:
        """`call`, as `darling.on_failure` wants it: what fails stops the run, or is a warning and None."""
        try:
            return call()
        except SimilarityError as error:
            if self._darling.on_failure == "raise":
                raise
            logger.warning("darling: the service did not answer the call %s: %s", what, error)
            return None

    def _diversity_of_validation(self, sources: list[str], uid: list[str], infos: dict[str, list[Any]]) -> Any:
        texts, self._validated = self._validated, []
        quality = np.array(infos["reward"], dtype=float)
        above, reward_model = self._darling.diversity.correct_threshold, scores.has_reward_model(self.config)
        correct = validation.who_is_correct(infos, quality, above, reward_model=reward_model)
        labels = None
        if self._step.classes is not None and len(set(uid)) < len(uid):  # else there is nothing to compare
            try:
                labels = self._step.classes.partition(self._step.read(texts), uid, None).labels
            except SimilarityError as error:
                logger.warning("darling: no classes are logged for this validation: %s", error)
        return validation.validation_metrics(sources, uid, quality, correct, labels)
