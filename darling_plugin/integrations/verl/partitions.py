"""Where a job's partitions come from: which backend, and what it did, as metrics."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from omegaconf import DictConfig

from darling_plugin.config import DarlingSettings, ServiceSettings
from darling_plugin.service.build import pair_classifier, start_service
from darling_plugin.service.counts import Counts
from darling_plugin.similarity import CallableSimilarity, LexicalSimilarity, Similarity
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


def open_service(config: DictConfig, settings: DarlingSettings, judge: Similarity | None) -> Service | None:
    """The service that the settings ask for; None where the judge is simply called, in the trainer's process."""
    if judge is None:
        return None
    service, servers = settings.service, None
    if service.backend == "vllm":
        servers = _launched(config, service, judge)
        service = service.model_copy(update={"backend": "urls", "urls": servers.urls})
    backend = choose_backend(service, judge)
    logger.info("darling: partitions by %s, darling.service.backend=%s", type(judge).__name__, backend or "none needed")
    if backend is None:
        return None
    rule = settings.partition_rule(judge)
    if backend == "local":
        return start_service(judge, rule, service, backend="local")
    if backend == "ray" and not service.gpus_per_replica and pair_classifier(judge):
        logger.warning(
            "darling: a classifier that reads pairs runs on the CPUs (darling.service.gpus_per_replica=0), where its "
            "verdicts take long. Give it GPUs; `darling plan` says how many."
        )
    from darling_plugin.service.actor import RemoteService

    return RemoteService(settings.similarity, service, rule, backend, holds=servers)


def _launched(config: DictConfig, settings: ServiceSettings, judge: Similarity) -> Servers:
    from darling_plugin.integrations.verl.classifier_servers import launch_servers

    classifier = pair_classifier(judge)
    assert classifier is not None  # `check_backend` has seen to it
    servers = launch_servers(config, settings, classifier.model)
    logger.info("darling: the classifier is served at %s", ", ".join(servers.urls))
    return servers


def choose_backend(settings: ServiceSettings, judge: Similarity) -> Literal["local", "ray", "urls"] | None:
    """None: the judge is simply called. `auto` is: servers where some are named, else Ray for whatever has a model."""
    # Words in common cost less than a message to another process; a function of the user's may not be found there.
    if isinstance(judge, LexicalSimilarity | CallableSimilarity) and settings.backend in ("auto", "local"):
        return None
    if settings.backend == "auto":
        return "urls" if settings.urls else "ray"
    assert settings.backend != "vllm"  # by now those servers run, and have addresses
    return settings.backend


def service_metrics(counts: Counts, waited_s: float) -> dict[str, float]:
    """`darling/service/*` of one step. hidden_share = 1 − seconds that the trainer waited / seconds of work."""
    if counts.truncated_share > MUCH_TRUNCATED:
        logger.warning(
            "darling: %.0f %% of the responses are longer than the similarity reads, and compared by a part only. Set "
            "darling.similarity.text=answer (what follows </think>) or head_tail, or a model that reads more.",
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
        "missing_verdicts": counts.missing,
        "cached": counts.cached,
        "arrived": counts.arrived,
        "failures": counts.failures,
        "stream_failures": counts.stream_failures,
        "forgotten": counts.forgotten,
    }
    return {f"darling/service/{name}": float(value) for name, value in values.items()}
