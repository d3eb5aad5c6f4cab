"""What the judge reads of a response, and whether it can keep up."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.config import DarlingSettings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.validate import read_settings
from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import SERVICE, Job
from darling_plugin.tools.check.pools import service_of
from darling_plugin.tools.check.verdicts import Judging, judging

LARGE = 1_000_000_000


def check(job: Job) -> Iterator[Finding]:
    asked = judging_of(job)
    if asked is None:
        return
    key, longest = "data.max_response_length", int(job["data.max_response_length"])
    if asked.reads_most is not None and longest > asked.reads_most:
        yield warning(
            key,
            longest,
            f"the judge ({asked.judge}) reads the first {asked.reads_most} {asked.unit} of a response; what differs "
            "later is not seen.",
        )
    key = f"{SERVICE}.placement"
    service = service_of(job)
    on_cpus = service is not None and service.place == "cpu"
    if asked.parameters is not None and asked.parameters > LARGE and on_cpus and not job.on_cpu:
        yield warning(
            key,
            job[key] or "cpu",
            f"a judge of {asked.parameters / 1e9:.1f}B parameters on CPUs will not keep up, and darling.on_failure "
            "decides when it is late.",
            f"Set {key}=shared, on the GPUs that train, or dedicated, on GPUs that verl leaves free.",
        )


def judging_of(job: Job) -> Judging | None:
    """What a step asks of the judge; None where none is asked, or the settings are wrong."""
    settings = settings_of(job)
    return None if settings is None else judging(job, settings)


def settings_of(job: Job) -> DarlingSettings | None:
    """The `darling:` node; None where it is wrong, which `plugin.py` reports."""
    try:
        return read_settings(job.config)
    except ConfigError:
        return None
