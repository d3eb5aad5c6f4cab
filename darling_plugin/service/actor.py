"""The service as one Ray actor of a job: reward workers hand it responses, the trainer collects partitions.

The actor is light (queue, memory, union-find); the models are in its replicas (`ray_workers.py`). Its name holds the
job's id, so that two jobs on one cluster never meet. It belongs to the process that started it and ends with it. When
the actor itself dies, Ray makes a new one; its memory is lost, and the next partition is scored again.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.config import ServiceSettings, SimilaritySettings
from darling_plugin.core import Partition, PartitionRule
from darling_plugin.core.groups import Uid
from darling_plugin.errors import ConfigError, DarlingError, SimilarityError
from darling_plugin.service.build import Backend, start_service
from darling_plugin.service.counts import Counts
from darling_plugin.service.placement import Slot, release
from darling_plugin.similarity.classifier.memory import Contents

logger = logging.getLogger(__name__)

TRIES = 3  # of a call, while the actor dies and comes back
THREADS = 32  # calls at once: a partition may take a minute, and responses keep coming


class ServiceActor:
    """The service, in an actor. Takes plain values: the similarity is made here."""

    def __init__(
        self,
        similarity: Mapping[str, Any],
        settings: Mapping[str, Any],
        rule: PartitionRule,
        backend: Backend,
        job: str,
        slots: Sequence[Slot] = (),
    ):
        chosen = SimilaritySettings(**similarity).build()
        self._service = start_service(chosen, rule, ServiceSettings(**settings), backend=backend, job=job, slots=slots)

    def submit(self, uid: Hashable, text: str) -> None:
        self._service.submit(uid, text)

    def partition(self, texts: Sequence[str], uid: Uid, correct: np.ndarray | None) -> Partition:
        return self._service.partition(texts, uid, correct)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        return self._service.probabilities(pairs)

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        return self._service.vectors(texts)

    def pause(self) -> None:
        self._service.pause()

    def resume(self) -> None:
        self._service.resume()

    def counts(self) -> Counts:
        return self._service.counts()

    def memory(self) -> dict[str, Contents]:
        return self._service.memory()

    def remember(self, contents: Mapping[str, Contents]) -> None:
        self._service.remember(contents)

    def close(self) -> None:
        self._service.close()


class RemoteService:
    """The trainer's side of it; used as `PartitionService` is.

    Args:
        holds: what must live as long as the service, such as actors that serve its model.
        slots: GPUs for the replicas (`placement.py`); those reserved for it are given back when it closes.

    Raises `ConfigError` if this job already has a service.
    """

    def __init__(
        self,
        similarity: SimilaritySettings,
        settings: ServiceSettings,
        rule: PartitionRule,
        backend: Backend,
        holds: Any = None,
        slots: Sequence[Slot] = (),
    ):
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = ray.get_runtime_context()
        options: dict[str, Any] = {
            "name": actor_name(),
            "num_cpus": 0,
            "max_concurrency": THREADS,
            "max_restarts": -1,
            # A call that an actor's death has cut short is made again: every one may be.
            "max_task_retries": TRIES,
            # Beside the trainer, if it may be: a node less whose loss stops the job.
            "scheduling_strategy": NodeAffinitySchedulingStrategy(here.get_node_id(), soft=True),
        }
        actor: Any = ray.remote(ServiceActor)
        chosen = _absolute(similarity).model_dump()
        try:
            self._actor = actor.options(**options).remote(
                chosen, settings.model_dump(), rule, backend, here.get_job_id(), list(slots)
            )
        except ValueError as error:
            raise ConfigError(
                f"this Ray job already has a partition service ({actor_name()}): a job trains only one policy. {error}"
            ) from None
        self._holds = holds
        self._slots = slots
        self._get: Any = ray.get
        self._kill: Any = ray.kill
        self._closed = False
        # verl's `on_train_end` does not run where a job ends at its last step (0.9.1), so this process's end closes it.
        atexit.register(self.close)
        self._get(self._actor.resume.remote())  # raises here what is wrong with the settings

    def partition(
        self,
        texts: Sequence[str],
        uid: Uid,
        correct: Sequence[bool] | np.ndarray | None = None,
    ) -> Partition:
        return self._answer(self._actor.partition.remote(list(texts), list(uid), correct))

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        return self._answer(self._actor.probabilities.remote(list(pairs)))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        return self._answer(self._actor.vectors.remote(list(texts)))

    def pause(self) -> None:
        self._told(self._actor.pause.remote())

    def resume(self) -> None:
        self._told(self._actor.resume.remote())

    def counts(self) -> Counts:
        """What it did since the last call; all 0 if it is gone, which the steps that it cannot serve report."""
        return self._told(self._actor.counts.remote()) or Counts()

    def memory(self) -> dict[str, Contents]:
        return self._answer(self._actor.memory.remote())

    def remember(self, contents: Mapping[str, Contents]) -> None:
        self._answer(self._actor.remember.remote(contents))

    def close(self) -> None:
        """End the service and its replicas. A second call does nothing; one that is gone already is no error."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._told(self._actor.close.remote())
        self._kill(self._actor)
        release(self._slots)

    def _told(self, call: Any) -> Any:
        """What the actor gave to a call that no step depends on; None, with a warning, where it is gone."""
        try:
            return self._answer(call)
        except SimilarityError as error:
            logger.warning("darling: %s", error)
            return None

    def _answer(self, call: Any) -> Any:
        """What the actor gave; raises what it raised, and `SimilarityError` where it is gone."""
        from ray.exceptions import RayError, RayTaskError

        try:
            return self._get(call)
        except RayTaskError as error:
            if isinstance(error.cause, DarlingError):
                raise error.cause from None
            raise
        except RayError as error:
            raise SimilarityError(f"the partition service did not answer after {TRIES} tries: {error}") from error


def _absolute(similarity: SimilaritySettings) -> SimilaritySettings:
    """With the model's folder by its whole path: actors have working directories of their own."""
    path = Path(similarity.model).expanduser() if similarity.model else None
    if path is None or not path.exists():
        return similarity
    return similarity.model_copy(update={"model": str(path.resolve())})


def actor_name() -> str:
    """The name of this Ray job's service."""
    import ray

    return f"darling-service-{ray.get_runtime_context().get_job_id()}"


class Sender:
    """How any process of the job hands responses to its service: fire and forget."""

    def __init__(self) -> None:
        self._actor: Any = None

    def submit(self, uid: Hashable, text: str) -> None:
        """Returns at once. Without a service (yet) it does nothing: the trainer's partition asks for all responses."""
        import ray

        if self._actor is None:
            try:
                self._actor = ray.get_actor(actor_name())
            except ValueError:
                return
        self._actor.submit.remote(uid, text)
