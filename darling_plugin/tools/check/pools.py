"""Which part of a job holds which GPUs, and where Ray puts it.

verl takes each pool as bundles of `n_gpus_per_node`, every bundle on one node; several bundles may share a node. The
classifier's replicas come after verl's pools, or share the GPUs that train.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from darling_plugin.config import ServiceSettings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.validate import read_settings
from darling_plugin.objectives import find_objective
from darling_plugin.step import needs_similarity
from darling_plugin.tools.check.job import REWARD_MODEL, ROLLOUT, SERVICE, Job


@dataclass(frozen=True)
class Pool:
    """`bundles` × `size` GPUs, which may be parts of one. key: the configuration node that says how many.

    unit: GPUs that Ray must find on one node at a time; None is `size`.
    """

    name: str
    key: str
    bundles: int
    size: float
    unit: float | None = None

    @property
    def gpus(self) -> int:
        return int(self.bundles * self.size)

    @property
    def requests(self) -> list[float]:
        """What Ray is asked for, in GPUs on one node each."""
        if self.unit is None:
            return [self.size] * self.bundles
        return [self.unit] * int(self.bundles * self.size / self.unit)


def find_pools(job: Job) -> list[Pool]:
    """The pools in the order in which Ray is asked for them: verl's, then the replicas that have GPUs of their own."""
    tasks = "trains" if job.mode == "separate_async" else "trains and samples"
    if job[f"{REWARD_MODEL}.enable"] and not job[f"{REWARD_MODEL}.enable_resource_pool"]:
        tasks += ", then scores"
    pools = [_pool(job, tasks, "trainer")]
    if job[f"{REWARD_MODEL}.enable_resource_pool"]:
        pools.append(_pool(job, "scores (reward model)", REWARD_MODEL))
    if job["distillation.enabled"]:
        pools.append(_pool(job, "teaches (distillation)", "distillation"))
    if job.mode == "separate_async":
        sizes = ("tensor_model_parallel_size", "data_parallel_size", "pipeline_model_parallel_size")
        one = prod(int(job[f"{ROLLOUT}.{size}"] or 1) for size in sizes)
        apart = _pool(job, "samples", ROLLOUT)
        # verl makes a pool for each vLLM; one that is larger than a node takes whole nodes.
        pools.append(replace(apart, unit=min(one, apart.size) or None))
    replicas = similarity_replicas(job)
    if replicas.size:
        pools.append(replicas)
    return pools


def similarity_replicas(job: Job) -> Pool:
    """The replicas; of size 0 where they have no GPU of their own, or where no model compares."""
    service = service_of(job)
    nodes = job.cluster.nodes or sum(int(job[f"{key}.nnodes"] or 0) for key in ("trainer", ROLLOUT, REWARD_MODEL))
    if service is None:
        return Pool("similarity", SERVICE, nodes, 0.0)
    servers = 1 if service.backend == "vllm" else nodes
    if service.place == "shared":
        return Pool("similarity", SERVICE, service.replicas or job.training_gpus, 0.0)
    models = 2 if job["darling.similarity.name"] == "cascade" and service.backend != "vllm" else 1
    return Pool("similarity", SERVICE, models * (service.replicas or servers), service.gpus)


def service_of(job: Job) -> ServiceSettings | None:
    """The settings of a service that places replicas; None where none does, or where they are wrong."""
    watched = job.estimator == "darling" or job["darling.monitor"] or job["darling.reward"]
    if not watched or not _compares(job):
        return None
    try:
        service = read_settings(job.config).service
    except ConfigError:  # which `checks/plugin.py` reports
        return None
    return None if service.backend in ("local", "urls") else service


def _compares(job: Job) -> bool:
    return needs_similarity(find_objective(str(job["darling.objective"] or "darling")))


def _pool(job: Job, name: str, key: str) -> Pool:
    return Pool(name, key, int(job[f"{key}.nnodes"] or 0), int(job[f"{key}.n_gpus_per_node"] or 0))


def free_gpus(pools: list[Pool], nodes: int, gpus_per_node: int) -> float | None:
    """GPUs that no pool needs; None where one would wait for ever.

    As Ray 2.60 does it: one bundle after the other in the order of `pools`, each on the node with the most GPUs free.
    A bundle of whole GPUs needs whole ones; a fraction needs so much of one.
    """
    free = [[1.0] * gpus_per_node for _ in range(nodes)]
    for size in (size for pool in pools for size in pool.requests):
        fitting = [node for node in free if _fits(node, size)]
        if not fitting:
            return None
        _take(max(fitting, key=sum), size)
    return round(sum(map(sum, free)), 6)


def _fits(node: list[float], size: float) -> bool:
    return node.count(1.0) >= size if size >= 1 else max(node) + EPSILON >= size


def _take(node: list[float], size: float) -> None:
    if size >= 1:
        for _ in range(int(size)):
            node[node.index(1.0)] = 0.0
        return
    gpu = min((k for k, left in enumerate(node) if left + EPSILON >= size), key=lambda k: node[k])
    node[gpu] -= size


EPSILON = 1e-9
