"""Where a job's partitions come from: which backend, and what it did, as metrics."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from omegaconf import DictConfig, OmegaConf

from darling_plugin.config import DarlingSettings, ServiceSettings
from darling_plugin.service.build import pair_classifier, start_service
from darling_plugin.service.cores import set_threads
from darling_plugin.service.counts import Counts
from darling_plugin.service.placement import PLACED_S, Slot, beside, reserve
from darling_plugin.similarity import CallableSimilarity, CascadeSimilarity, LexicalSimilarity, Similarity
from darling_plugin.similarity.classifier.memory import Contents
from darling_plugin.step import Classes

if TYPE_CHECKING:
    from darling_plugin.integrations.verl.classifier_servers import Servers

logger = logging.getLogger(__name__)

MUCH_TRUNCATED = 0.2  # share of the responses of a step; above it a warning


class Service(Classes, Protocol):
    """What the trainer uses of a partition service, near or far."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def counts(self) -> Counts: ...

    def memory(self) -> dict[str, Contents]: ...

    def remember(self, contents: Mapping[str, Contents]) -> None: ...

    def close(self) -> None: ...


def needs_gpus(settings: ServiceSettings, similarity: Similarity | None) -> bool:
    """Whether the service has replicas or servers on GPUs, and so must wait for verl's own pools."""
    return (
        similarity is not None and settings.place != "cpu" and choose_backend(settings, similarity) in ("ray", "vllm")
    )


def open_service(
    config: DictConfig, settings: DarlingSettings, similarity: Similarity | None, groups: Sequence[Any] = ()
) -> Service | None:
    """The service that the settings ask for; None where the similarity is simply called, in the trainer's process.

    groups: verl's placement groups of the GPUs that train, for `darling.service.placement=shared`. Where
    `needs_gpus`, it returns once every replica holds its model, and raises `ConfigError` for one that cannot.
    """
    if similarity is None:
        return None
    service, servers = settings.service, None
    if service.backend == "vllm":
        servers = _launched(config, service, similarity)
        service = service.model_copy(
            update={"backend": "urls", "urls": servers.urls, "placement": "cpu", "gpus_per_replica": None}
        )
    backend = choose_backend(service, similarity)
    logger.info(
        "darling: partitions by %s, darling.service.backend=%s", type(similarity).__name__, backend or "none needed"
    )
    if backend is None:
        return None
    assert backend != "vllm"  # those servers run by now, and have addresses
    rule = settings.partition_rule(similarity)
    if backend == "local":
        set_threads()  # Ray left the trainer's process one
        return start_service(similarity, rule, service, backend="local")
    if backend == "ray" and service.place == "cpu" and pair_classifier(similarity):
        logger.warning(
            "darling: a classifier that reads pairs runs on the CPUs (darling.service.placement=cpu), where it "
            "is slow. Set darling.service.placement=shared or dedicated; `darling plan` says how many "
            "replicas it needs."
        )
    from darling_plugin.service.actor import RemoteService

    slots = find_slots(config, service, similarity, groups) if backend == "ray" else []
    remote = RemoteService(settings.similarity, service, rule, backend, holds=servers, slots=slots)
    if slots:
        _await_replicas(similarity, len(slots))
        logger.info("darling: %d replicas hold their model (darling.service.placement=%s)", len(slots), service.place)
    return remote


def training_groups(manager: Any) -> list[Any]:
    """verl's placement groups of the GPUs that train, one a node, from its `ResourcePoolManager`."""
    return list(manager.resource_pool_dict["global_pool"].get_placement_groups())


def find_slots(
    config: DictConfig,
    settings: ServiceSettings,
    similarity: Similarity,
    groups: Sequence[Any],
    *,
    placed_s: float = PLACED_S,
) -> list[Slot]:
    """A GPU for each replica; none where they are on the CPUs. A cascade has two classifiers, and replicas of both.

    placed_s: seconds that Ray has to find GPUs of their own, before `ConfigError`.
    """
    import ray

    models = 2 if isinstance(similarity, CascadeSimilarity) else 1
    if settings.place == "shared":
        return models * beside(groups, settings.replicas, kept_free=_sleeping_share(config))
    if settings.place == "dedicated":
        nodes = sum(1 for node in ray.nodes() if node["Alive"])
        return reserve(models * (settings.replicas or nodes), settings.gpus, placed_s=placed_s)
    return []


def _sleeping_share(config: DictConfig) -> float:
    """The share of a training GPU's memory that vLLM gives up while it sleeps and takes back to sample."""
    rollout = config.actor_rollout_ref.rollout
    apart = OmegaConf.select(config, "trainer.v1.trainer_mode") == "separate_async"
    hybrid = not apart or config.actor_rollout_ref.get("hybrid_engine", True)
    return float(rollout.gpu_memory_utilization) if hybrid and rollout.free_cache_engine else 0.0


def _await_replicas(similarity: Similarity, slots: int) -> None:
    import ray

    from darling_plugin.service.ray_workers import await_replicas

    job = ray.get_runtime_context().get_job_id()
    if isinstance(similarity, CascadeSimilarity):
        await_replicas(f"{job}-first", slots // 2)
        slots //= 2
    await_replicas(job, slots)


def _launched(config: DictConfig, settings: ServiceSettings, similarity: Similarity) -> Servers:
    from darling_plugin.integrations.verl.classifier_servers import launch_servers

    classifier = pair_classifier(similarity)
    assert classifier is not None  # `check_backend` has seen to it
    servers = launch_servers(config, settings, classifier.model)
    logger.info("darling: the classifier is served at %s", ", ".join(servers.urls))
    return servers


def choose_backend(settings: ServiceSettings, similarity: Similarity) -> Literal["local", "ray", "urls", "vllm"] | None:
    """None: the similarity is simply called. `auto` means servers if any are named, else Ray for one with a model."""
    # Words in common cost less than a message to another process; a function of the user's may not be found there.
    if isinstance(similarity, LexicalSimilarity | CallableSimilarity) and settings.backend in ("auto", "local"):
        return None
    if settings.backend == "auto":
        return "urls" if settings.urls else "ray"
    return settings.backend


def service_metrics(counts: Counts, waited_s: float) -> dict[str, float]:
    """`darling/service/*` of one step. hidden_share = 1 − seconds that the trainer waited / seconds of work."""
    if counts.truncated_share > MUCH_TRUNCATED:
        logger.warning(
            "darling: %.0f %% of the responses are longer than the similarity reads, so only a part of them is "
            "compared. Set darling.similarity.text=answer (what follows </think>) or head_tail, or use a model that "
            "reads more.",
            100 * counts.truncated_share,
        )
    hidden = 1.0 - min(1.0, waited_s / counts.busy_seconds) if counts.busy_seconds else 1.0
    values = {
        "hidden_share": hidden,
        "busy_seconds": counts.busy_seconds,
        "queue_depth": counts.queue_depth,
        "batch_fill": counts.batch_fill,
        "read": counts.read,
        "truncated_share": counts.truncated_share,
        "unreadable_share": counts.unreadable_share,
        "missing_verdicts": counts.missing,
        "cached": counts.cached,
        "arrived": counts.arrived,
        "failures": counts.failures,
        "stream_failures": counts.stream_failures,
        "forgotten": counts.forgotten,
    }
    return {f"darling/service/{name}": float(value) for name, value in values.items()}
