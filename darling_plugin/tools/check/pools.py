"""Which part of a job holds which GPUs.

verl takes each pool as bundles of `n_gpus_per_node`, every bundle on one node; several bundles may share a node.
"""

from __future__ import annotations

from dataclasses import dataclass

from darling_plugin.objectives import find_objective
from darling_plugin.step import needs_similarity
from darling_plugin.tools.check.job import REWARD_MODEL, ROLLOUT, SERVICE, Job


@dataclass(frozen=True)
class Pool:
    """`bundles` × `size` GPUs, which may be parts of one. key: the configuration node that says how many."""

    name: str
    key: str
    bundles: int
    size: float

    @property
    def gpus(self) -> int:
        return int(self.bundles * self.size)


def find_pools(job: Job) -> list[Pool]:
    """The pools that verl will ask Ray for, and the judge's replicas where they have GPUs."""
    tasks = "trains" if job.mode == "separate_async" else "trains and samples"
    if job[f"{REWARD_MODEL}.enable"] and not job[f"{REWARD_MODEL}.enable_resource_pool"]:
        tasks += ", then scores"
    pools = [_pool(job, tasks, "trainer")]
    if job.mode == "separate_async":
        pools.append(_pool(job, "samples", ROLLOUT))
    if job[f"{REWARD_MODEL}.enable_resource_pool"]:
        pools.append(_pool(job, "scores (reward model)", REWARD_MODEL))
    if job["distillation.enabled"]:
        pools.append(_pool(job, "teaches (distillation)", "distillation"))
    replicas = judge_replicas(job)
    if replicas.size:
        pools.append(replicas)
    return pools


def judge_replicas(job: Job) -> Pool:
    """The judge's replicas on Ray; of size 0 where they are on CPUs, or where no model judges."""
    judges = job.estimator == "darling" or job["darling.monitor"]
    size = job[f"{SERVICE}.gpus_per_replica"] if judges and _compares(job) else None
    if job[f"{SERVICE}.backend"] in ("local", "urls"):
        size = None
    nodes = job.cluster.nodes or sum(int(job[f"{key}.nnodes"] or 0) for key in ("trainer", ROLLOUT, REWARD_MODEL))
    return Pool("judges", SERVICE, int(job[f"{SERVICE}.replicas"] or nodes), float(size or 0))


def _compares(job: Job) -> bool:
    return needs_similarity(find_objective(str(job["darling.objective"] or "darling")))


def _pool(job: Job, name: str, key: str) -> Pool:
    return Pool(name, key, int(job[f"{key}.nnodes"] or 0), int(job[f"{key}.n_gpus_per_node"] or 0))


def free_gpus(pools: list[Pool], nodes: int, gpus_per_node: int) -> float | None:
    """GPUs that no pool needs; None where the bundles do not fit the nodes. Largest bundles first, each
    on the fullest node that has room."""
    free = [float(gpus_per_node)] * nodes
    for size in sorted((pool.size for pool in pools for _ in range(pool.bundles)), reverse=True):
        fitting = [node for node in range(nodes) if free[node] >= size]
        if not fitting:
            return None
        free[min(fitting, key=lambda node: free[node])] -= size
    return sum(free)
