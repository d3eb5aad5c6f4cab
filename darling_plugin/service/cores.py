"""How many CPU cores this process may use: its affinity and its container's limit, not what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
SHARE_OF_NODE = 8  # a replica on the CPUs takes one core in so many: the trainer's own workers are on its node too


def available_cores(cgroup: Path = CGROUP) -> int:
    """At least 1. Reads the limit of cgroup v2 (`cpu.max`: "quota period") or v1; without one, the affinity counts."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, affinity if quota is None else min(affinity, int(quota)))


def set_threads(share: int = 1) -> None:
    """Let torch use 1 / share of this process's cores. Ray tells an actor without CPUs of its own to use one."""
    import torch

    torch.set_num_threads(max(1, available_cores() // share))


def limit_threads() -> None:
    """Let torch use no more than this process's cores, and no more than it was told, by OMP_NUM_THREADS for example."""
    import torch

    torch.set_num_threads(min(torch.get_num_threads(), available_cores()))


def _quota(cgroup: Path) -> float | None:
    """Cores; None where there is no limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota, period = ((cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):
        return None
