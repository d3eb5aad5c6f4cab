"""From settings to a running service: which backend, which workers."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from darling_plugin.core import PartitionRule
from darling_plugin.errors import ConfigError
from darling_plugin.service.cached_model import Asker
from darling_plugin.service.counts import Counts
from darling_plugin.service.pool import Limits, Pool
from darling_plugin.service.service import PartitionService
from darling_plugin.service.verdicts import Cascade, Judging, Verdicts
from darling_plugin.service.worker import LocalWorker, Worker
from darling_plugin.similarity import CascadeSimilarity, ClassifierSimilarity, Similarity
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.memory import Memory
from darling_plugin.similarity.classifier.published import is_published
from darling_plugin.similarity.classifier.scorer import DEFAULT, load_forward

if TYPE_CHECKING:
    from darling_plugin.config import ServiceSettings

logger = logging.getLogger(__name__)

Backend = Literal["local", "ray", "urls"]


class PlainReader:
    """A judge that is asked as it is, one item a pair, such as an LLM behind an endpoint; in the service's process."""

    reads: Literal["texts", "pairs"] = "pairs"

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        return list(dict.fromkeys(pairs))

    def probabilities(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        return np.array([rows[pair][0] for pair in pairs], dtype=np.float64)


def start_service(
    similarity: Similarity, rule: PartitionRule, settings: ServiceSettings, *, backend: Backend, job: str = ""
) -> PartitionService:
    """A service in this process.

    Args:
        similarity: the judge; of a classifier only the light half is used here, unless the backend is local.
        backend: where the forward passes run.
        job: goes into the names of Ray actors, so that two jobs on one cluster do not meet.

    Raises `ConfigError` where the judge cannot be run so.
    """
    counts = Counts()

    async def make() -> Judging:
        if not isinstance(similarity, CascadeSimilarity):
            return _verdicts(similarity, settings, backend, job, counts)
        first = _verdicts(similarity.first, settings, backend, f"{job}-first", counts)
        second = _verdicts(similarity.second, settings, backend, job, counts)
        return Cascade(first, second, similarity.card.low, similarity.card.high)

    return PartitionService(make, counts, rule)


def pair_classifier(similarity: Similarity) -> ClassifierSimilarity | None:
    """The classifier that reads pairs, of a cascade its second; None for a judge that has none."""
    judge = similarity.second if isinstance(similarity, CascadeSimilarity) else similarity
    return judge if isinstance(judge, ClassifierSimilarity) and judge.front.reads == "pairs" else None


def check_backend(similarity: Similarity, settings: ServiceSettings) -> None:
    """Raise `ConfigError` where the judge cannot run on the backend that the settings name."""
    if settings.backend in ("urls", "vllm") and pair_classifier(similarity) is None:
        raise ConfigError(
            f"darling.service.backend={settings.backend}: a server answers for a pair classifier, and this judge "
            f"({type(similarity).__name__}) reads each response by itself, or is none. Set darling.service.backend=ray."
        )
    if settings.backend != "local" and (device := getattr(similarity, "device", None)) is not None:
        raise ConfigError(
            f"darling.similarity.device={device}: is that of a similarity in the trainer's process, and "
            f"darling.service.backend={settings.backend} runs it elsewhere. Set darling.service.backend=local, or "
            "darling.service.gpus_per_replica in its place."
        )
    if settings.api_key_env and settings.api_key_env not in os.environ:
        raise ConfigError(
            f"darling.service.api_key_env={settings.api_key_env}: there is no such environment variable. Export it "
            "where the job starts (for Ray workers: through the job's runtime_env)."
        )


def _verdicts(
    similarity: Similarity, settings: ServiceSettings, backend: Backend, job: str, counts: Counts
) -> Verdicts:
    if not isinstance(similarity, ClassifierSimilarity):
        whole = LocalWorker(type(similarity).__name__, lambda: lambda pairs: np.asarray(similarity(pairs))[:, None])
        return Verdicts(PlainReader(), Asker(Pool([whole], counts, _limits(settings, patient=True)), Memory()))
    if backend == "urls" and similarity.front.reads == "pairs":
        pool = Pool(_servers(similarity.model, similarity.front.card, settings), counts, _limits(settings))
    elif backend == "ray":
        from darling_plugin.service.ray_workers import replicas

        pool = replicas(job, similarity.model, settings, counts, _limits(settings))
    else:
        load = partial(load_forward, similarity.model, device=similarity.device)
        pool = Pool([LocalWorker(similarity.model, load)], counts, _limits(settings, patient=True))
    return Verdicts(similarity.front, Asker(pool, Memory()))


def _limits(settings: ServiceSettings, *, patient: bool = False) -> Limits:
    """Patient: a thread that is slow cannot be replaced by another, so it has all the time there is."""
    timeout_s = settings.deadline_s if patient else settings.timeout_s
    return Limits(tokens=settings.batch_tokens, timeout_s=timeout_s, deadline_s=settings.deadline_s)


def _servers(model: str, card: Card, settings: ServiceSettings) -> list[Worker]:
    from darling_plugin.service.http_worker import HttpWorker
    from darling_plugin.service.protocols import ClassifyWire, ScoreWire

    published = model != DEFAULT and is_published(model)
    open_wire = partial(ClassifyWire, model) if published else partial(ScoreWire, model, card)
    key = os.environ[settings.api_key_env] if settings.api_key_env else None
    return [HttpWorker(url, open_wire, key) for url in settings.urls or []]
