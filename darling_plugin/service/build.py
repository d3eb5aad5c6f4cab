"""From settings to a running service: which backend, which workers."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from darling_plugin.core import PartitionRule
from darling_plugin.errors import ConfigError
from darling_plugin.service.cached_model import Asker
from darling_plugin.service.cores import limit_threads
from darling_plugin.service.counts import Counts
from darling_plugin.service.pool import Limits, Pool
from darling_plugin.service.service import PartitionService
from darling_plugin.service.verdicts import Cascade, Judging, Verdicts
from darling_plugin.service.worker import LocalWorker, Worker
from darling_plugin.similarity import CascadeSimilarity, ClassifierSimilarity, JudgeSimilarity, Similarity
from darling_plugin.similarity.base import Divided
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.memory import Memory
from darling_plugin.similarity.classifier.published import is_published
from darling_plugin.similarity.classifier.scorer import DEFAULT

if TYPE_CHECKING:
    from darling_plugin.config import ServiceSettings
    from darling_plugin.service.placement import Slot
    from darling_plugin.similarity.classifier.forward import Forward

logger = logging.getLogger(__name__)

Backend = Literal["local", "ray", "urls"]
PAIRS_PER_QUESTION_AT_ONCE = 4  # in a batch for an LLM judge, so that few questions are waited for at its end


class PlainReader:
    """A similarity that is called pair by pair in the service's process, such as an LLM judge."""

    reads: Literal["texts", "pairs"] = "pairs"
    max_tokens: int | None = None
    characters: int | None = None

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        return list(dict.fromkeys(pairs))

    def probabilities(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        return np.array([rows[pair][0] for pair in pairs], dtype=np.float64)


class _Called:
    """A similarity as a model: pairs in, a column of P out."""

    def __init__(self, similarity: Similarity):
        self._similarity = similarity

    @property
    def missing(self) -> int:
        return int(getattr(self._similarity, "missing", 0))

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        return np.asarray(self._similarity(pairs))[:, None]


def start_service(
    similarity: Similarity,
    rule: PartitionRule,
    settings: ServiceSettings,
    *,
    backend: Backend,
    job: str = "",
    slots: Sequence[Slot] = (),
) -> PartitionService:
    """A service in this process.

    Args:
        similarity: of a classifier, only the light half is used here, unless the backend is local.
        backend: where the forward passes run.
        job: goes into the names of Ray actors, so that two jobs on one cluster do not meet.
        slots: GPUs for the replicas, as many for each classifier of a cascade; without any, they run on the CPUs.

    Raises `ConfigError` if the similarity cannot run on that backend.
    """
    counts = Counts()

    async def make() -> Judging:
        if not isinstance(similarity, CascadeSimilarity):
            return _verdicts(similarity, settings, backend, job, counts, slots)
        half = len(slots) // 2
        first = _verdicts(similarity.first, settings, backend, f"{job}-first", counts, slots[half:])
        second = _verdicts(similarity.second, settings, backend, job, counts, slots[:half])
        return Cascade(first, second, similarity.card.low, similarity.card.high)

    return PartitionService(make, counts, rule)


def pair_classifier(similarity: Similarity) -> ClassifierSimilarity | None:
    """The classifier that reads pairs, of a cascade its second; None for a similarity that has none."""
    last = similarity.second if isinstance(similarity, CascadeSimilarity) else similarity
    return last if isinstance(last, ClassifierSimilarity) and last.front.reads == "pairs" else None


def check_backend(similarity: Similarity, settings: ServiceSettings) -> None:
    """Raise `ConfigError` where the similarity cannot run on the backend that the settings name."""
    if settings.backend in ("urls", "vllm") and pair_classifier(similarity) is None:
        raise ConfigError(
            f"darling.service.backend={settings.backend}: its servers can only run a classifier that reads pairs, "
            f"and this similarity ({type(similarity).__name__}) is not one. Set darling.service.backend=ray."
        )
    if settings.backend != "local" and (device := getattr(similarity, "device", None)) is not None:
        raise ConfigError(
            f"darling.similarity.device={device}: it applies to a similarity in the trainer's process, but "
            f"darling.service.backend={settings.backend} runs it elsewhere. Set darling.service.backend=local, or "
            "darling.service.gpus_per_replica instead."
        )
    if settings.api_key_env and settings.api_key_env not in os.environ:
        raise ConfigError(
            f"darling.service.api_key_env={settings.api_key_env}: there is no such environment variable. Export it "
            "where the job starts (for Ray workers: through the job's runtime_env)."
        )
    if settings.urls and pair_classifier(similarity) is None:
        raise ConfigError(
            f"darling.service.urls={settings.urls}: these servers would not be used. They can only run a "
            f"classifier that reads pairs, and this similarity ({type(similarity).__name__}) is not one. Leave "
            "darling.service.urls out, or set darling.similarity.model to the classifier that they serve."
        )


def _verdicts(
    similarity: Similarity,
    settings: ServiceSettings,
    backend: Backend,
    job: str,
    counts: Counts,
    slots: Sequence[Slot],
) -> Verdicts:
    if not isinstance(similarity, Divided):
        called = LocalWorker(type(similarity).__name__, partial(_Called, similarity))
        return Verdicts(PlainReader(), Asker(Pool([called], counts, _called_limits(similarity, settings)), Memory()))
    reader = similarity.front
    limits = Limits(
        tokens=settings.batch_tokens,
        timeout_s=settings.timeout_s,
        deadline_s=settings.deadline_s,
        load_timeout_s=settings.load_timeout_s,
        max_tokens=reader.max_tokens,
        characters=reader.characters,
    )
    if backend == "urls" and isinstance(similarity, ClassifierSimilarity) and reader.reads == "pairs":
        pool = Pool(_servers(similarity.model, similarity.front.card, settings), counts, limits)
    elif backend == "ray":
        from darling_plugin.service.ray_workers import replicas

        pool = replicas(job, similarity.loader, settings, counts, limits, slots)
    else:
        load = partial(_load_here, similarity)
        # A thread that is slow cannot be replaced by another, so it has all the time there is.
        patient = replace(limits, timeout_s=None)
        pool = Pool([LocalWorker(similarity.model, load)], counts, patient)
    return Verdicts(reader, Asker(pool, Memory(characters=reader.characters)))


def _load_here(similarity: Divided) -> Forward:
    limit_threads()
    return similarity.loader(similarity.device)()


def _called_limits(similarity: Similarity, settings: ServiceSettings) -> Limits:
    """An LLM judge has its own deadline for each question, and gets enough pairs for `concurrency` requests at once."""
    if isinstance(similarity, JudgeSimilarity):
        rows = PAIRS_PER_QUESTION_AT_ONCE * similarity.concurrency
        return Limits(tokens=sys.maxsize, rows=rows, timeout_s=None, deadline_s=math.inf)
    return Limits(tokens=settings.batch_tokens, timeout_s=None, deadline_s=settings.deadline_s)


def _servers(model: str, card: Card, settings: ServiceSettings) -> list[Worker]:
    from darling_plugin.service.http_worker import HttpWorker
    from darling_plugin.service.protocols import ClassifyWire, ScoreWire

    published = model != DEFAULT and is_published(model)
    open_wire = partial(ClassifyWire, model) if published else partial(ScoreWire, model, card)
    key = os.environ[settings.api_key_env] if settings.api_key_env else None
    return [HttpWorker(url, open_wire, key) for url in settings.urls or []]
