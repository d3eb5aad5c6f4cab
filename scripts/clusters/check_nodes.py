"""Waits for the nodes of a Ray cluster, and checks that each has the plugin, what the plugin needs, and the same verl.

    RAY_ADDRESS=10.0.0.1:6379 python check_nodes.py --nodes 8 --timeout 600

Prints one line per node. If nodes are missing or differ, it says what is wrong and exits with code 1, so that no job
starts in which verl finds no plugin on one of them. It reads what is installed, and imports none of it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

PLUGIN = "darling-plugin"


def look() -> dict[str, Any]:
    """What this process finds installed; runs on each node, in the environment that a worker of the job has."""
    import platform
    from importlib.metadata import PackageNotFoundError, entry_points, requires, version
    from importlib.util import find_spec

    from packaging.requirements import Requirement

    def installed(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return ""

    missing = []
    for line in (requires("darling-plugin") or []) if installed("darling-plugin") else []:
        need = Requirement(line)
        found = installed(need.name)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            if not found:
                missing.append(f"{need.name} (not installed)")
            elif not need.specifier.contains(found, prereleases=True):
                missing.append(f"{need.name}{need.specifier} ({found})")
    return {
        "versions": {"python": platform.python_version()}
        | {name: installed(name) for name in ("darling-plugin", "verl", "ray", "torch", "vllm")},
        "loaded": any(
            point.name == "darling" and find_spec(point.module.split(".")[0])
            for point in entry_points(group="verl.plugins")
        ),
        "missing": missing,
    }


def wait_for_nodes(count: int, timeout: float) -> list[dict[str, Any]]:
    import ray

    until = time.monotonic() + timeout
    while True:
        try:
            if not ray.is_initialized():
                ray.init(log_to_driver=False, logging_level="ERROR")
            alive = [node for node in ray.nodes() if node["Alive"]]
        except (ConnectionError, RuntimeError) as error:  # the head does not answer yet
            alive = []
            if time.monotonic() > until:
                sys.exit(f"error: no Ray cluster at {os.environ['RAY_ADDRESS']} after {timeout:.0f} s: {error}")
        if len(alive) >= count:
            return alive
        if time.monotonic() > until:
            names = ", ".join(node["NodeManagerHostname"] for node in alive) or "none"
            sys.exit(f"error: only {len(alive)} of {count} Ray nodes joined within {timeout:.0f} s: {names}.")
        time.sleep(1)


def faults(found: dict[str, dict[str, Any]]) -> list[str]:
    """One line per fault; `found` has what `look` says of each node, the head first."""
    lines = []
    first, expected = next((name, node["versions"]) for name, node in found.items())
    for name, node in found.items():
        if not node["loaded"]:
            lines.append(
                f"{name}: verl would find no plugin there: {PLUGIN} is not installed. Install it on all nodes, or "
                "submit with scripts/clusters/submit.py, which brings it along."
            )
        if node["missing"]:
            lines.append(f"{name}: {PLUGIN} lacks {', '.join(node['missing'])}. Install that on all nodes.")
        for what, version in node["versions"].items():
            if version != expected[what]:
                lines.append(
                    f"{name}: {what} is {version or 'absent'}, but {expected[what] or 'absent'} on {first}. Install "
                    "the same on all nodes."
                )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Wait for the nodes of a Ray cluster, and check each.")
    parser.add_argument("--nodes", type=int, required=True, help="Number of nodes.")
    parser.add_argument("--timeout", type=float, default=600.0, help="Seconds to wait until all nodes have joined.")
    arguments = parser.parse_args()
    if "RAY_ADDRESS" not in os.environ:
        sys.exit("error: RAY_ADDRESS is not set. Give the cluster's address, such as RAY_ADDRESS=10.0.0.1:6379.")
    nodes = wait_for_nodes(arguments.nodes, arguments.timeout)

    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = ray.get_runtime_context().get_node_id()
    nodes.sort(key=lambda node: node["NodeID"] != here)
    answers = [
        ray.remote(look)
        .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False))
        .remote()
        for node in nodes
    ]
    found = {}
    for node, answer in zip(nodes, ray.get(answers), strict=True):
        name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
        slots = node["Resources"]
        versions = " ".join(f"{what} {version or '-'}" for what, version in answer["versions"].items())
        print(f"{name}: CPU {slots.get('CPU', 0):g}, GPU {slots.get('GPU', 0):g}; {versions}", flush=True)
        found[name] = answer
    wrong = faults(found)
    if wrong:
        sys.exit("\n".join(f"error: {line}" for line in wrong))
    print(f"{len(nodes)} Ray nodes are ready.", flush=True)


if __name__ == "__main__":
    main()
