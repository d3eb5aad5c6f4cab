"""Pools against the nodes, and parallel sizes against pools and models."""

from __future__ import annotations

from collections.abc import Iterator

from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, SERVICE, Job
from darling_plugin.tools.check.pools import Pool, find_pools, free_gpus


def check(job: Job) -> Iterator[Finding]:
    pools = find_pools(job)
    for pool in pools:
        if pool.gpus < 1 and pool.key != SERVICE:
            key = f"{pool.key}.nnodes" if pool.bundles < 1 else f"{pool.key}.n_gpus_per_node"
            yield Finding(key, job[key], f"the part of the job that {pool.name} has no GPU.", "Set it to 1 or more.")
    if not job.on_cpu:
        yield from _fits_nodes(job, pools)
    yield from _replicas(job, pools)
    yield from _megatron(job) if job.megatron else _sequence_parallel(job)


def _fits_nodes(job: Job, pools: list[Pool]) -> Iterator[Finding]:
    nodes, size = job.cluster.nodes, job.cluster.gpus_per_node
    if nodes is None or size is None:
        return
    free = free_gpus(pools, nodes, size)
    asked = " + ".join(f"{pool.bundles}×{pool.size:g} ({pool.name})" for pool in pools)
    if free is None:
        widest = max(pools, key=lambda pool: pool.size)
        key = f"{widest.key}.n_gpus_per_node" if widest.size > size and widest.key != SERVICE else "trainer.nnodes"
        yield Finding(
            key,
            job[key],
            f"the job asks for {asked} GPUs, but there are {nodes} nodes of {size}.",
            "Lower nnodes or n_gpus_per_node of trainer, actor_rollout_ref.rollout or reward.reward_model, or "
            "darling.service.replicas; or take a smaller size, such as math_size/8gpu or creative_size/8gpu.",
        )
    elif free:
        yield warning(
            "trainer.nnodes", job["trainer.nnodes"], f"{free:g} of {nodes * size} GPUs are left idle ({asked})."
        )


def _replicas(job: Job, pools: list[Pool]) -> Iterator[Finding]:
    serving = [(ROLLOUT, pool, job.policy) for pool in pools if "samples" in pool.name]
    if job[f"{REWARD_MODEL}.enable"]:
        own = [pool for pool in pools if pool.key == REWARD_MODEL] or pools[:1]
        serving += [(REWARD_MODEL + ".rollout", own[0], job.reward_model)]
    for node, pool, shape in serving:
        key = f"{node}.tensor_model_parallel_size"
        tensor, copies = int(job[key]), int(job[f"{node}.data_parallel_size"])
        if pool.gpus and pool.gpus % (tensor * copies):
            yield Finding(
                key,
                tensor,
                f"one vLLM takes {tensor * copies} GPUs, but the pool that {pool.name} has {pool.gpus}, which is "
                f"not a multiple of {tensor * copies}.",
                f"Set it to a divisor of {pool.gpus}.",
            )
        if shape is not None and shape.heads % tensor:
            yield Finding(key, tensor, f"must divide the model's {shape.heads} attention heads.")


def _sequence_parallel(job: Job) -> Iterator[Finding]:
    key = f"{ACTOR}.ulysses_sequence_parallel_size"
    size = job.model_parallel
    if job.training_gpus % size:
        yield Finding(key, size, f"must divide the {job.training_gpus} GPUs that train.")
    if job.policy is not None and job.policy.heads % size:
        yield Finding(key, size, f"must divide the policy's {job.policy.heads} attention heads.")


def _megatron(job: Job) -> Iterator[Finding]:
    node = f"{ACTOR}.megatron"
    tensor = int(job[f"{node}.tensor_model_parallel_size"])
    stages = int(job[f"{node}.pipeline_model_parallel_size"])
    if job.training_gpus % job.model_parallel:
        yield Finding(
            f"{node}.tensor_model_parallel_size",
            tensor,
            f"tensor × pipeline × context parallel sizes make {job.model_parallel}, which must divide the "
            f"{job.training_gpus} GPUs that train.",
            'For one GPU: "+darling=[…,engine/megatron_1gpu]".',
        )
    if job.policy is None:
        return
    if job.policy.heads % tensor:
        yield Finding(
            f"{node}.tensor_model_parallel_size",
            tensor,
            f"must divide the policy's {job.policy.heads} attention heads.",
        )
    if job.policy.layers % stages:
        yield Finding(
            f"{node}.pipeline_model_parallel_size", stages, f"must divide the policy's {job.policy.layers} layers."
        )
