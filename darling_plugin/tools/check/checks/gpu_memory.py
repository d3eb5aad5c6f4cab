"""The estimate of `memory.py` against a GPU. An error only where the estimate leaves no doubt."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check import memory
from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, Job
from darling_plugin.tools.check.memory import GIB

MODEL = "actor_rollout_ref.model.path"


def check(job: Job) -> Iterator[Finding]:
    if job.on_cpu:
        return
    if job.policy is None:
        yield warning(MODEL, job[MODEL], "its shape is not known here, so memory is not estimated.")
    elif job.training_gpus:
        yield from _training(job)
        yield from _serving(job, ROLLOUT, job.policy)
    if job[f"{REWARD_MODEL}.enable"]:
        if job.reward_model is None:
            key = f"{REWARD_MODEL}.model_path"
            yield warning(key, job[key], "its shape is not known here, so its memory is not estimated.")
        else:
            yield from _serving(job, f"{REWARD_MODEL}.rollout", job.reward_model)


def _training(job: Job) -> Iterator[Finding]:
    assert job.policy is not None
    total = job.cluster.gpu_memory_gib * GIB
    cost = memory.training(job, job.policy)
    if cost.state > total:
        yield Finding(
            MODEL,
            job[MODEL],
            f"weights, gradients and optimiser take {cost.state / GIB:.0f} GiB on each of {job.training_gpus} GPUs, "
            f"which have {job.cluster.gpu_memory_gib:.0f} GiB.",
            "Take more GPUs, a smaller model, or +darling=[…,adapter/lora].",
        )
    elif cost.state + cost.activations > 0.95 * total:
        key = f"{ACTOR}.ppo_max_token_len_per_gpu"
        yield warning(
            key,
            job[key],
            f"an update may take {(cost.state + cost.activations) / GIB:.0f} of {job.cluster.gpu_memory_gib:.0f} GiB.",
            f"Lower it (at least {job.longest}), or set actor_rollout_ref.model.use_fused_kernels=true.",
        )
    key = f"{ROLLOUT}.gpu_memory_utilization"
    share = float(job[key])
    sleeps = job[f"{ROLLOUT}.free_cache_engine"]
    beside = cost.kept if sleeps else cost.state
    if job.mode != "separate_async" and share * total + beside > total and cost.state <= total:
        fits = int(100 * (1 - beside / total)) / 100
        yield Finding(
            key,
            share,
            f"vLLM's {share * total / GIB:.0f} GiB and training's {beside / GIB:.0f} GiB are more than one GPU has.",
            f"Set {key}={fits:.2f} or less, or offload (fsdp_config or megatron: param_offload, optimizer_offload).",
        )


def _serving(job: Job, node: str, shape: memory.Shape) -> Iterator[Finding]:
    cost = memory.serving(job, shape, node)
    if cost.sequences < 1:
        key = f"{node}.gpu_memory_utilization"
        yield Finding(
            key,
            job[key],
            f"vLLM gets {cost.taken / GIB:.1f} GiB, of which weights take {cost.weights / GIB:.1f}: no room for the "
            "cache of one whole sequence.",
            f"Raise it, or {node}.tensor_model_parallel_size.",
        )
