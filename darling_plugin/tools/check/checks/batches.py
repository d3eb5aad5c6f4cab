"""Prompts, mini-batches and responses, against one another and against the GPUs that share them."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import ACTOR, ROLLOUT, Job

BATCH, MINI, N = "data.train_batch_size", f"{ACTOR}.ppo_mini_batch_size", f"{ROLLOUT}.n"


def check(job: Job) -> Iterator[Finding]:
    batch, mini, n = int(job[BATCH]), int(job[MINI]), int(job[N])
    if mini < 1 or batch < 1:
        key = MINI if mini < 1 else BATCH
        yield Finding(key, job[key], "must be at least 1.")
        return
    if batch % mini:
        yield Finding(
            BATCH,
            batch,
            f"must be a multiple of {MINI}={mini}: verl fills the last mini-batch with padding.",
            f"Set {BATCH}={max(1, round(batch / mini)) * mini}.",
        )
    shares = job.training_gpus // job.model_parallel
    if shares and mini * n % shares:
        yield Finding(
            MINI,
            mini,
            f"times {N}={n} are {mini * n} responses, which {shares} data-parallel ranks cannot share evenly: verl's "
            "workers stop at the first update.",
            "Change it, or the number of GPUs that train, so that the ranks divide the responses.",
        )
    if n < 2 and job.estimator.startswith("grpo"):
        yield Finding(
            N,
            n,
            "a response's advantage is measured against its siblings, so a group needs at least two.",
            f"Set {N}=8.",
        )
    validation = f"{ROLLOUT}.val_kwargs"
    if int(job[f"{validation}.n"]) > 1 and not job[f"{validation}.do_sample"]:
        yield warning(
            f"{validation}.do_sample",
            False,
            f"{job[f'{validation}.n']} greedy responses to a prompt are identical.",
            f"Set {validation}.do_sample=true.",
        )
