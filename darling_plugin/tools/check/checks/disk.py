"""Disk space for checkpoints, on the machine where the check runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import Job
from darling_plugin.tools.check.memory import GIB
from darling_plugin.tools.check.models import Shape

FOLDER, KEEP = "trainer.default_local_dir", "trainer.max_actor_ckpt_to_keep"


def check(job: Job) -> Iterator[Finding]:
    """Offline, the folder's disk may be another machine's: only what is certain is said."""
    if int(job["trainer.save_freq"]) <= 0:
        return
    if job[KEEP] is None:
        yield warning(KEEP, None, "every checkpoint is kept, so the disk may fill up.", f"Set {KEEP}=2.")
    if job.policy is None:
        return
    one, kept = checkpoint_bytes(job, job.policy), int(job[KEEP] or 1)
    folder = str(job[FOLDER])
    if job.offline:
        yield Finding(FOLDER, folder, f"{(kept + 1) * one / GIB:.0f} GiB must be free there", level="not checked")
        return
    free = shutil.disk_usage(_existing(Path(folder).expanduser())).free
    need = f"a checkpoint takes {one / GIB:.0f} GiB, and {free / GIB:.0f} GiB are free there."
    if free < one:
        yield Finding(FOLDER, folder, need, "Set it to a folder on a larger disk, or trainer.save_freq=-1.")
    elif free < (kept + 1) * one:  # the oldest is deleted after the newest is written
        yield warning(FOLDER, folder, need, f"For {KEEP}={kept}, {(kept + 1) * one / GIB:.0f} GiB must be free.")


def checkpoint_bytes(job: Job, shape: Shape) -> int:
    """fp32 weights and two moments, or with LoRA those of the adapter beside the weights."""
    learned = shape.adapter_parameters(job.lora_rank) if job.lora_rank else shape.parameters
    return 4 * shape.parameters + 8 * learned


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
