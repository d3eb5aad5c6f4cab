"""Where the similarity runs: in the trainer's process, or as a partition service of the job (`service/`)."""

from __future__ import annotations

from darling_plugin.config import DarlingSettings
from darling_plugin.objectives import Objective
from darling_plugin.service.actor import RemoteService
from darling_plugin.step import Classes, needs_similarity


def open_classes(settings: DarlingSettings, objective: Objective) -> Classes | None:
    """A service, for `darling.service.backend=ray` and `urls`, or where urls are named; None: the step calls the
    similarity in this process, which must be one of the job's Ray workers."""
    service = settings.service
    if not needs_similarity(objective) or (service.backend in ("auto", "local") and not service.urls):
        return None
    rule = settings.partition_rule(settings.similarity.build())
    return RemoteService(settings.similarity, service, rule, "ray" if service.backend == "ray" else "urls")
