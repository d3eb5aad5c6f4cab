"""One check, from overrides to findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from omegaconf import OmegaConf

from darling_plugin.tools.check.checks import CHECKS, FIRST
from darling_plugin.tools.check.compose import compose_job, keys_of
from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import Cluster, Job
from darling_plugin.tools.check.place import placement


@dataclass(frozen=True)
class Outcome:
    """What was found. placed: overrides that were added to fit the cluster, and that the launch needs too."""

    job: Job
    placed: list[str]
    findings: list[Finding]

    @property
    def ready(self) -> bool:
        return not self.of("error")

    def as_json(self) -> dict[str, Any]:
        """Whether the job is ready, what to add to its command, and all findings as plain values."""
        findings = [asdict(finding) | {"got": str(finding.got)} for finding in self.findings]
        return {"ready": self.ready, "placed": self.placed, "findings": findings}

    def of(self, level: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == level]


def check_job(overrides: Sequence[str], cluster: Cluster | None = None, *, offline: bool = False) -> Outcome:
    """Compose the job, place it, and ask every check. Raises `ConfigError` where it cannot be composed."""
    cluster = cluster or Cluster()
    job = Job(compose_job(overrides), cluster, offline)
    placed: list[str] = []
    findings = list(FIRST(job))
    if not findings:
        placed = placement(job, cluster, keys_of(overrides))
        for override in placed:
            key, value = override.split("=")
            OmegaConf.update(job.config, key, int(value))
        findings = [finding for check in CHECKS for finding in check(job)]
    return Outcome(job, placed, findings)
