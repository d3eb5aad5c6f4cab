"""Places a job of any size on a simulated cluster: Ray is told of GPUs that do not exist, and no model is loaded.

    python scripts/prove_placement.py --recipe math --size 64gpu --json placement.json
    python scripts/prove_placement.py --recipe math --size 72gpu darling.service.placement=dedicated

verl's own trainer makes its resource pools from the composed configuration, in its own order; then this plugin finds
its slots as at the end of the trainer's `_setup`. In the first slot of each placement group an empty actor starts with
a replica's options, and stays; in each other slot a task runs with them, because 64 processes are too many for one
machine. Prints, and writes as JSON:

    verl_groups, verl_ready        placement groups that verl asked for, and those that Ray placed
    replicas, replicas_ready       of the classifier
    placement                      darling.service.placement
    gpus_of_replicas               GPUs that only the classifier has
    replicas_by_node               how many replicas each node holds
    predicted                      what `darling check` says of the job on this cluster: ready | errors
    seconds

Exit code 0 where everything was placed. `--classifier-first` reserves the classifier's GPUs before verl's pools, which
stops verl on several nodes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RAY = {
    "VERL_PLATFORM": "cpu",
    "VERL_LOGGING_LEVEL": "ERROR",
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_worker_niceness": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def where() -> str:
    """The node of the process that calls it."""
    import ray

    return ray.get_runtime_context().get_node_id()


class Empty:
    """Stands where a replica of the classifier would."""

    def where(self) -> str:
        return where()


def main() -> int:
    arguments = parse()
    os.environ.update(RAY)
    began = time.monotonic()
    job = Job.read(arguments)
    simulated = start(job.nodes, arguments.gpus_per_node)
    try:
        found = prove(job, simulated.address, arguments)
        found["seconds"] = round(time.monotonic() - began, 1)
        # Before the cluster ends: a process in which a thread of verl still waits may end with it.
        print(json.dumps(found, indent=2), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    finally:
        end(simulated)
    placed = found["verl_ready"] == found["verl_groups"] and found["replicas_ready"] == found["replicas"]
    return 0 if placed else 1


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`arguments`, or the command line where None."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", default="math", choices=["math", "creative"])
    parser.add_argument("--size", default="64gpu", help="A name in configs/darling/<recipe>_size.")
    parser.add_argument("--nodes", type=int, help="Nodes of the cluster. The default is that of the size.")
    parser.add_argument("--gpus-per-node", type=int, default=8)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--classifier-first", action="store_true", help="Reserve its GPUs first, which stops verl.")
    parser.add_argument(
        "--patience", type=float, default=20.0, help="Seconds to wait for groups that Ray cannot place."
    )
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, as for verl.trainer.main_ppo.")
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Job:
    """overrides: those of the job. config: what they compose to. nodes: of the cluster that it is placed on."""

    overrides: list[str]
    config: Any
    nodes: int

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> Job:
        from darling_plugin.tools.check.compose import compose_job

        overrides = [f"+darling=[{arguments.recipe},{arguments.recipe}_size/{arguments.size}]", *arguments.overrides]
        nodes = arguments.nodes or -(-int(re.sub(r"\D", "", arguments.size)) // arguments.gpus_per_node)
        return cls(overrides, compose_job(overrides), nodes)


def prove(job: Job, address: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What was predicted and what was placed on the cluster at `address`, which holds nothing of the job afterwards."""
    import ray

    from darling_plugin.tools.check.job import Cluster
    from darling_plugin.tools.check.run import check_job

    cluster = Cluster(job.nodes, arguments.gpus_per_node)
    check = check_job([*job.overrides, *given_places(job.config)], cluster, offline=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(address=address, log_to_driver=False)
    found = {
        "predicted": "ready" if check.ready else "errors",
        **place(job.config, arguments.classifier_first, arguments.patience),
    }
    if not arguments.classifier_first:  # there a thread of verl still waits, and would end the process in here
        ray.shutdown()
    return found


def given_places(config: Any) -> list[str]:
    """The sizes of the recipe as overrides, so that `darling check` checks them and chooses none of its own."""
    return [f"trainer.nnodes={config.trainer.nnodes}", f"trainer.n_gpus_per_node={config.trainer.n_gpus_per_node}"]


def start(nodes: int, gpus: int) -> Any:
    """A cluster of `nodes` on this machine that claims `gpus` GPUs each."""
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = Cluster()
        size = {"num_cpus": 8 * gpus, "num_gpus": gpus, "object_store_memory": 80 << 20, "include_dashboard": False}
        for node in range(nodes):
            cluster.add_node(wait=node == 0, **size)
        cluster.wait_for_nodes(timeout=120)
    return cluster


def end(cluster: Any) -> None:
    """Stop the nodes; those that this process is still connected to end with it."""
    import ray

    if not ray.is_initialized():
        cluster.shutdown()


def place(config: Any, classifier_first: bool, patience: float) -> dict[str, Any]:
    import ray

    from darling_plugin.errors import ConfigError
    from darling_plugin.integrations.verl.partitions import find_slots, training_groups
    from darling_plugin.integrations.verl.validate import read_settings
    from darling_plugin.service.ray_workers import actor_options
    from darling_plugin.similarity import LexicalSimilarity

    service = read_settings(config).service
    some = LexicalSimilarity()  # any that is no cascade: only the number of models counts here
    slots = find_slots(config, service, some, [], placed_s=patience) if classifier_first else []
    manager, wanted = verl_pools(config)
    ready = wait_for_groups(manager, standalone(config), wanted, patience)
    found: dict[str, Any] = {"verl_groups": wanted, "verl_ready": ready, "placement": service.place}
    if ready == wanted and not classifier_first:
        try:
            groups = training_groups(manager) if service.place == "shared" else []
            slots = find_slots(config, service, some, groups, placed_s=patience)
        except ConfigError as error:
            found["error"] = str(error)
    alive = sum(1 for node in ray.nodes() if node["Alive"])
    gpu_less = service.replicas or alive
    actor: Any = ray.remote(Empty)
    places = [*slots] if service.place != "cpu" else [None] * gpu_less
    held, calls = [], []
    occupied: set[Any] = set()
    for number, slot in enumerate(places):
        options = actor_options(f"replica-{number}", slot)
        if slot is None or slot.group.id not in occupied:
            occupied |= set() if slot is None else {slot.group.id}
            held.append(actor.options(**options).remote())
            calls.append(held[-1].where.remote())
            continue
        del options["name"], options["max_restarts"]
        calls.append(ray.remote(where).options(**options, max_retries=0).remote())
    done, _ = ray.wait(calls, num_returns=len(calls), timeout=90) if calls else ([], [])
    by_node = Counter(ray.get(done))
    return found | {
        "replicas": len(places) if service.place != "dedicated" else gpu_less,
        "replicas_ready": len(done),
        "gpus_of_replicas": sum(slot.gpus for slot in slots if slot.owned),
        "replicas_by_node": sorted(by_node.values(), reverse=True),
    }


def verl_pools(config: Any) -> tuple[Any, int]:
    """verl's manager of resource pools, made by its trainer, and the number of placement groups in its pools."""
    from verl.trainer.ppo.v1 import get_trainer_cls

    trainer: Any = object.__new__(get_trainer_cls(config.trainer.v1.trainer_mode))
    trainer.config = config
    trainer._enable_hybrid_replicas = bool(config.actor_rollout_ref.get("hybrid_engine", True))
    trainer._init_resource_pool_mgr()
    manager = trainer.resource_pool_manager
    return manager, sum(map(len, manager.resource_pool_spec.values())) + len(standalone(config))


def standalone(config: Any) -> list[int]:
    """GPUs of each vLLM that samples apart from training (`separate_async`); verl makes a pool for each."""
    if config.trainer.v1.trainer_mode != "separate_async":
        return []
    rollout = config.actor_rollout_ref.rollout
    size = rollout.tensor_model_parallel_size * rollout.data_parallel_size * rollout.pipeline_model_parallel_size
    return [size] * (rollout.nnodes * rollout.n_gpus_per_node // size)


def wait_for_groups(manager: Any, apart: list[int], wanted: int, patience: float) -> int:
    """Let verl make its groups, and count those that Ray has placed when all are, or after `patience` seconds.

    verl itself waits for them without a limit.
    """
    import ray
    from ray.util import placement_group_table

    before = set(placement_group_table())

    def make() -> None:
        from verl.single_controller.ray import RayResourcePool

        manager.create_resource_pool()
        for pool in manager.resource_pool_dict.values():
            pool.get_placement_groups()
        for size in apart:
            RayResourcePool([size], use_gpu=True, max_colocate_count=2).get_placement_groups()

    threading.Thread(target=make, daemon=True).start()
    began = time.monotonic()
    ready = 0
    while ready < wanted and time.monotonic() - began < patience:
        time.sleep(0.5)
        table = ray.util.placement_group_table()
        ready = sum(row["state"] == "CREATED" for name, row in table.items() if name not in before)
    return ready


if __name__ == "__main__":
    sys.exit(main())
