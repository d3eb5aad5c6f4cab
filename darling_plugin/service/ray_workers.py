"""Replicas of a model as Ray actors, spread over the nodes; their number grows while batches wait.

Ray restarts a replica that dies, on another node if its own is gone. Replicas belong to the process that made them:
when that process ends, in whatever way, Ray ends them.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from darling_plugin.errors import ConfigError, DarlingError
from darling_plugin.service.cores import SHARE_OF_NODE, set_threads
from darling_plugin.service.counts import Counts
from darling_plugin.service.placement import Slot, check_memory
from darling_plugin.service.pool import Limits, Pool
from darling_plugin.service.worker import RefusedError, Worker, WorkerError, tally_of
from darling_plugin.similarity.classifier.memory import Item
from darling_plugin.similarity.classifier.rows import Rows

if TYPE_CHECKING:
    from darling_plugin.config import ServiceSettings
    from darling_plugin.similarity.classifier.forward import Forward

    Loader = Callable[[str | None], Callable[[], Forward]]

LOOK_S = 2.0  # between looks at the queue
IDLE_LOOKS = 30  # before a replica above the least number is given up


class Replica:
    """The actor: a model, loaded when it is made.

    kept_free: share of its GPU's memory that must then be free; raises `ConfigError` where less is.
    """

    def __init__(self, loader: Loader, device: str | None, kept_free: float = 0.0):
        import torch

        set_threads(SHARE_OF_NODE)
        device = device or _own_gpu()
        self._forward = loader(device)()
        if kept_free and torch.cuda.is_available():
            check_memory("the model", *torch.cuda.mem_get_info(device), kept_free)

    def answer(self, items: Sequence[Any]) -> tuple[Rows, Counter[str]]:
        """Rows, and what the model has counted of itself so far."""
        return self._forward(items), tally_of(self._forward)

    def where(self) -> tuple[str, int]:
        """Its node and its process."""
        import ray

        return ray.get_runtime_context().get_node_id(), os.getpid()


class RayWorker:
    """One replica.

    Args:
        name: of the actor, for messages and Ray's dashboard; holds the job's id.
        loader: of the similarity (`similarity/base.py`).
        slot: its GPU; None puts the model on the CPU.
    """

    def __init__(self, name: str, loader: Loader, slot: Slot | None = None):
        self.name = name
        self.tally = Counter[str]()
        self._loader = loader
        self._slot = slot
        self.actor: Any = self._start()

    async def answer(self, items: Sequence[Item]) -> Rows:
        import ray

        try:
            rows, self.tally = await self.actor.answer.remote(items)
            return rows
        except ray.exceptions.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if isinstance(cause, DarlingError):
                raise RefusedError(f"{self.name}: {cause}") from error
            raise WorkerError(f"{type(cause).__name__}: {cause}") from error
        except ray.exceptions.RayError as error:
            raise WorkerError(f"{type(error).__name__}: {_first_line(error)}") from error

    async def load(self) -> None:
        """Its constructor loads the model, however long that takes: it answers once it has."""
        import ray

        try:
            await self.actor.where.remote()
        except ray.exceptions.ActorDiedError as error:
            if "constructor" in str(error) or "__init__" in str(error):
                raise RefusedError(f"{self.name} cannot be started: {error}") from error
            self.actor = self._start()  # dead for good: somebody has killed it by hand
            raise WorkerError("it was killed and is restarting") from error
        except ray.exceptions.RayError as error:
            raise WorkerError(f"{type(error).__name__}: {_first_line(error)}") from error

    async def reset(self) -> None:
        import ray

        ray.kill(self.actor, no_restart=False)

    async def close(self) -> None:
        import ray

        ray.kill(self.actor)

    def _start(self) -> Any:
        import ray

        slot = self._slot
        device, kept_free = ("cpu", 0.0) if slot is None else (None, slot.kept_free)
        actor = ray.remote(Replica).options(**actor_options(self.name, slot))
        return actor.remote(self._loader, device, kept_free)


def actor_options(name: str, slot: Slot | None) -> dict[str, Any]:
    """Ray's options for a replica. Without a slot it runs on the CPUs of any node and reserves none of them."""
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    options: dict[str, Any] = {"name": name, "num_cpus": 0, "max_restarts": -1, "scheduling_strategy": "SPREAD"}
    if slot is not None:
        options["num_gpus"] = slot.gpus
        options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(slot.group, slot.bundle)
    return options


def replicas(
    job: str, loader: Loader, settings: ServiceSettings, counts: Counts, limits: Limits, slots: Sequence[Slot] = ()
) -> Pool:
    """A pool of replicas: one per slot; without slots, on the CPUs, as many as the settings say, or one per node."""
    import ray

    least = len(slots) or settings.replicas or sum(1 for node in ray.nodes() if node["Alive"])

    def make(number: int) -> RayWorker:
        return RayWorker(actor_name(job, number), loader, slots[number] if slots else None)

    return ScalingPool(make, least, max(least, settings.max_replicas or least), counts, limits)


def actor_name(job: str, number: int) -> str:
    """The name of a job's replica, counted from 0."""
    return f"darling-{job}-{number}"


def await_replicas(job: str, count: int) -> None:
    """Wait until `count` replicas of a job hold their model. Raises `ConfigError` for one that cannot load it."""
    import ray

    for number in range(count):
        name = actor_name(job, number)
        try:
            ray.get(ray.get_actor(name).where.remote())
        except ray.exceptions.RayActorError as error:
            raise ConfigError(f"darling.service: the replica {name} cannot be started: {error}") from error


class ScalingPool(Pool):
    """Between `least` and `most` workers, by how many batches wait. make(number): one more worker."""

    def __init__(self, make: Callable[[int], Worker], least: int, most: int, counts: Counts, limits: Limits):
        super().__init__([make(number) for number in range(least)], counts, limits)
        self._make = make
        self._least = least
        self._most = most
        self._made = least
        self._idle = 0
        self._watch = asyncio.ensure_future(self._look_on()) if most > least else None

    async def look(self) -> None:
        """Add a worker when more batches wait than there are workers; remove one after a minute without work."""
        workers = self.workers
        if self.waiting > len(workers) and len(workers) < self._most:
            self.add(self._make(self._made))
            self._made += 1
        self._idle = self._idle + 1 if all(map(self.is_idle, workers)) else 0
        if self._idle > IDLE_LOOKS and len(workers) > self._least:
            self._idle = 0
            self.remove(workers[-1])
            await workers[-1].close()

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await super().close()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()


def _own_gpu() -> str | None:
    """The GPU that Ray gave this actor, where Ray does not hide the others from it; else None: torch finds it."""
    import ray
    import torch

    ids = ray.get_gpu_ids()
    if not ids or not torch.cuda.is_available() or not os.environ.get("RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES"):
        return None
    return f"cuda:{ids[0]}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
