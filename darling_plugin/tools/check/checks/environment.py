"""Variables that the job's processes must find. They are read here, where the job may not be started: warnings only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import Job


def check(job: Job, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    platform = environ.get("VERL_PLATFORM", "").strip().lower()
    if job.on_cpu and platform != "cpu":
        yield warning("trainer.device", "cpu", "verl runs on a CPU only with VERL_PLATFORM=cpu in its environment.")
    if platform == "cpu" and not job.on_cpu:
        yield warning(
            "trainer.device",
            job["trainer.device"],
            "VERL_PLATFORM=cpu is set here.",
            'Unset it for GPUs, or add "+darling=[…,cpu]".',
        )
