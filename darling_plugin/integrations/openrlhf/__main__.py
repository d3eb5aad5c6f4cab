"""`python -m darling_plugin.integrations.openrlhf <arguments of OpenRLHF> --darling.similarity.name …`."""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from darling_plugin.errors import DarlingError
from darling_plugin.integrations.command_line import parse_node, split_arguments
from darling_plugin.integrations.openrlhf.arguments import SETTINGS, check_job, help_text

CLI = "openrlhf.cli.train_ppo_ray"
HOOK = "darling_plugin.integrations.openrlhf.worker.install"
# What OpenRLHF 0.11.2 itself sets in `train` when it starts Ray; it leaves alone a Ray that is already started.
OPENRLHF_VARIABLES = {
    "TOKENIZERS_PARALLELISM": "true",
    "NCCL_DEBUG": "WARN",
    "RAY_ENABLE_ZERO_COPY_TORCH_TENSORS": "1",
}


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 for an argument that is wrong, which stops the job before Ray starts."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(help_text())
        return 0
    try:
        given, rest = split_arguments(arguments)
        node = parse_node(given)
        for note in check_job(node, rest):
            print(f"darling: {note}", file=sys.stderr)
    except DarlingError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    start_ray(node)
    sys.argv[1:] = rest
    runpy.run_module(CLI, run_name="__main__", alter_sys=True)
    return 0


def start_ray(node: Mapping[str, Any]) -> None:
    """Ray as OpenRLHF starts it, with the settings and our hook in every worker."""
    import ray

    variables = {name: os.environ.get(name, value) for name, value in OPENRLHF_VARIABLES.items()}
    ray.init(
        runtime_env={"env_vars": variables | {SETTINGS: json.dumps(node)}, "worker_process_setup_hook": HOOK},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
