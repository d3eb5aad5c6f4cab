"""The estimate of `memory.py` against a GPU. An error only where the estimate leaves no doubt."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check import memory
from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, SERVICE, Job
from darling_plugin.tools.check.memory import GIB
from darling_plugin.tools.check.pools import service_of, similarity_replicas

MODEL = "actor_rollout_ref.model.path"


def check(job: Job) -> Iterator[Finding]:
    if job.on_cpu:
        return
    if job.policy is None:
        yield warning(MODEL, job[MODEL], "the shape of this model is not known here, so memory is not estimated.")
    elif job.training_gpus:
        yield from _training(job)
        yield from _shared(job)
        yield from _serving(job, ROLLOUT, job.policy)
    if job[f"{REWARD_MODEL}.enable"]:
        if job.reward_model is None:
            key = f"{REWARD_MODEL}.model_path"
            yield warning(key, job[key], "the shape of this model is not known here, so its memory is not estimated.")
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
            f"weights, gradients and optimizer take {cost.state / GIB:.0f} GiB on each of {job.training_gpus} GPUs, "
            f"which have {job.cluster.gpu_memory_gib:.0f} GiB.",
            'Use more GPUs, a smaller model, or "+darling=[…,adapter/lora]".',
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
            f"vLLM's {share * total / GIB:.0f} GiB and training's {beside / GIB:.0f} GiB together are more than "
            "one GPU has.",
            f"Set {key}={fits:.2f} or less, or offload (fsdp_config or megatron: param_offload, optimizer_offload).",
        )


def _shared(job: Job) -> Iterator[Finding]:
    """A classifier beside the policy: it never sleeps, so it must fit both while training and while sampling."""
    service = service_of(job)
    if service is None or service.place != "shared" or job.policy is None:
        return
    key, total = f"{SERVICE}.placement", job.cluster.gpu_memory_gib * GIB
    count = similarity_replicas(job).bundles
    if count > job.training_gpus:
        yield Finding(
            f"{SERVICE}.replicas",
            count,
            f"with placement=shared each replica is on one of the {job.training_gpus} GPUs that train.",
            f"Set it to {job.training_gpus} or less, or to null for one on each.",
        )
    own = memory.replica(job)
    if own is None:
        yield warning(
            key,
            "shared",
            f"the size of {job['darling.similarity.model']} is not known here, so its memory is not counted.",
        )
        return
    cost = memory.training(job, job.policy)
    sleeps = job[f"{ROLLOUT}.free_cache_engine"]
    share = float(job[f"{ROLLOUT}.gpu_memory_utilization"]) if job.mode != "separate_async" else 0.0
    sampling = share * total + (cost.kept if sleeps else cost.state) + own
    training = cost.state + cost.activations + own
    if sampling > total or cost.state + own > total:
        fits = int(100 * (1 - (own + cost.kept) / total)) / 100
        yield Finding(
            key,
            "shared",
            f"the classifier's {own / GIB:.1f} GiB do not fit beside the policy: {sampling / GIB:.0f} GiB while "
            f"sampling and {training / GIB:.0f} while training, of {job.cluster.gpu_memory_gib:.0f}.",
            f"Set {ROLLOUT}.gpu_memory_utilization={max(fits, 0):.2f} or less, a smaller darling.similarity.model, or "
            f"{key}=dedicated.",
        )
    elif training > 0.95 * total:
        yield warning(
            key,
            "shared",
            f"an update and the classifier beside it may take {training / GIB:.0f} of {job.cluster.gpu_memory_gib:.0f} "
            "GiB.",
            f"Lower {ACTOR}.ppo_max_token_len_per_gpu (at least {job.longest}), or set {key}=dedicated.",
        )


def _serving(job: Job, node: str, shape: memory.Shape) -> Iterator[Finding]:
    cost = memory.serving(job, shape, node)
    if cost.sequences < 1:
        key = f"{node}.gpu_memory_utilization"
        yield Finding(
            key,
            job[key],
            f"vLLM gets {cost.taken / GIB:.1f} GiB, of which weights take {cost.weights / GIB:.1f}, so the "
            "cache of one whole sequence does not fit.",
            f"Raise it, or {node}.tensor_model_parallel_size.",
        )
