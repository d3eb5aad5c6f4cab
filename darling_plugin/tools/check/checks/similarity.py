"""What the similarity reads of a response, and whether it can keep up."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.config import DarlingSettings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.validate import read_settings
from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import SERVICE, Job
from darling_plugin.tools.check.pools import service_of
from darling_plugin.tools.check.workload import SimilarityWork, similarity_work

LARGE = 1_000_000_000
TEXT = "darling.similarity.text"


def check(job: Job) -> Iterator[Finding]:
    asked = work_of(job)
    if asked is None:
        return
    longest, text = int(job["data.max_response_length"]), str(job[TEXT] or "whole")
    if asked.reads_most is not None and longest > asked.reads_most and text in ("whole", "answer"):
        of = "a response" if text == "whole" else "an answer"
        yield warning(
            TEXT,
            text,
            f"the similarity ({asked.model}) reads the first {asked.reads_most} {asked.unit} of {of}, which may have "
            f"{longest} tokens; differences after that are not seen.",
            f"Set {TEXT}={'answer, ' if text == 'whole' else ''}head_tail or module:function, or use a classifier that "
            "reads in chunks (docs/service.md).",
        )
    key = f"{SERVICE}.placement"
    service = service_of(job)
    on_cpus = service is not None and service.place == "cpu"
    if asked.parameters is not None and asked.parameters > LARGE and on_cpus and not job.on_cpu:
        yield warning(
            key,
            job[key] or "cpu",
            f"{asked.parameters / 1e9:.1f}B parameters on CPUs will not keep up with training; "
            "darling.on_failure decides what happens then.",
            f"Set {key}=shared, on the GPUs that train, or dedicated, on GPUs that verl leaves free.",
        )


def work_of(job: Job) -> SimilarityWork | None:
    """What a step asks of the similarity; None where nothing is compared, or the settings are wrong."""
    settings = settings_of(job)
    return None if settings is None else similarity_work(job, settings)


def settings_of(job: Job) -> DarlingSettings | None:
    """The `darling:` node; None where it is wrong, which `plugin.py` reports."""
    try:
        return read_settings(job.config)
    except ConfigError:
        return None
