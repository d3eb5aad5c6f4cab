"""A placement for the nodes at hand, where the user has not chosen one."""

from __future__ import annotations

from collections.abc import Collection

from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, SERVICE, Cluster, Job
from darling_plugin.tools.check.pools import find_pools, free_gpus, similarity_replicas

NODES, GPUS, REPLICAS = "nnodes", "n_gpus_per_node", f"{SERVICE}.replicas"
PLACES = {f"{node}.{size}" for node in ("trainer", ROLLOUT, REWARD_MODEL) for size in (NODES, GPUS)}
PLACES |= {REPLICAS, f"{SERVICE}.gpus_per_replica", f"{SERVICE}.placement"}


def placement(job: Job, cluster: Cluster, given: Collection[str]) -> list[str]:
    """Overrides that put the job on the cluster; none where it says itself how, or where no placement is found.

    A job with one pool takes all nodes. One with a reward model or similarity on GPUs of its own keeps its sizes where
    they fit. Otherwise training takes as many GPUs as divide a mini-batch, in whole nodes where there are several. Of
    the others the reward model gets one node, or half of a single node, and the similarity the remainder, at most what
    it asked for.
    Pools that sample apart (`separate_async`) are left as they are.
    """
    if cluster.nodes is None or cluster.gpus_per_node is None or job.on_cpu or PLACES & set(given):
        return []
    pools = find_pools(job)
    nodes, size = cluster.nodes, cluster.gpus_per_node
    if free_gpus(pools, nodes, size) == 0:
        return []  # as it comes
    if len(pools) == 1:
        return _sizes("trainer", nodes, size)
    if free_gpus(pools, nodes, size) is not None or {pool.key for pool in pools} & {ROLLOUT, "distillation"}:
        return []
    unit, units = (size, nodes) if nodes > 1 else (1, size)  # what is dealt out: whole nodes, or the GPUs of one
    beside = len(pools) - 1
    train = next((k for k in range(units - beside, 0, -1) if _divides(job, k * unit)), None)
    if train is None:
        return []
    placed = _sizes("trainer", train, size) if nodes > 1 else _sizes("trainer", 1, train)
    left = (units - train) * unit
    if job[f"{REWARD_MODEL}.enable_resource_pool"]:
        scores = size if nodes > 1 else left if beside == 1 else -(-left // 2)
        placed += _sizes(REWARD_MODEL, 1, scores)
        left -= scores
    replicas = similarity_replicas(job)
    if replicas.size:
        placed.append(f"{REPLICAS}={min(replicas.bundles, int(left / replicas.size))}")
    return placed


def _divides(job: Job, gpus: int) -> bool:
    mini_batch = int(job[f"{ACTOR}.ppo_mini_batch_size"]) * int(job[f"{ROLLOUT}.n"])
    shares, rest = divmod(gpus, job.model_parallel)
    replica = int(job[f"{ROLLOUT}.tensor_model_parallel_size"])
    return rest == 0 and mini_batch % shares == 0 and gpus % replica == 0


def _sizes(key: str, nodes: int, gpus: int) -> list[str]:
    return [f"{key}.{NODES}={nodes}", f"{key}.{GPUS}={gpus}"]
