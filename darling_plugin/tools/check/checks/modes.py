"""What each mode of verl's V1 trainer asks for. verl 0.9.1 says most of it in a Ray actor, a minute after the start."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, Job

MODES = ("sync", "colocate_async", "separate_async")
MODE = "trainer.v1.trainer_mode"


def check(job: Job) -> Iterator[Finding]:
    if job.mode not in MODES:
        yield Finding(MODE, job.mode, f"must be one of {', '.join(MODES)}.")
    if job.mode == "separate_async":
        yield from _separate(job)


def _separate(job: Job) -> Iterator[Finding]:
    if job.on_cpu:
        yield Finding(
            MODE,
            job.mode,
            "without a GPU, verl cannot transfer weights between two pools.",
            f"Set {MODE}=sync or colocate_async.",
        )
    batch, mini = int(job["data.train_batch_size"]), int(job[f"{ACTOR}.ppo_mini_batch_size"])
    key = "trainer.v1.separate_async.parameter_sync_step"
    steps = int(job[key])
    if batch != steps * mini:
        yield Finding(
            key,
            steps,
            f"times {ACTOR}.ppo_mini_batch_size={mini} must be data.train_batch_size={batch}.",
            f"Set {key}={batch // mini}." if mini and batch % mini == 0 else f"Set {ACTOR}.ppo_mini_batch_size first.",
        )
    backend = f"{ROLLOUT}.checkpoint_engine.backend"
    if job[backend] == "naive":
        yield Finding(
            backend,
            "naive",
            "weights are sent from the GPUs that train to other GPUs, which needs nccl.",
            f"Set {backend}=nccl.",
        )
    own = f"{REWARD_MODEL}.enable_resource_pool"
    if job[f"{REWARD_MODEL}.enable"] and not job[own]:
        yield Finding(
            own, job[own], "a reward model cannot share GPUs with rollouts that never pause.", f"Set {own}=true."
        )
