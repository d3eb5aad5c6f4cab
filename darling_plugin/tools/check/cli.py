"""`darling check`: parse, call, print."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from darling_plugin.console import explained, print_json, terminal


def check(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...", help="Hydra overrides, as for verl.trainer.main_ppo, such as +darling=math."
        ),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, help="Number of nodes. The default is what the job asks for.")
    ] = None,
    gpus_per_node: Annotated[
        int | None, typer.Option(min=1, help="GPUs of each node. The default is what the job asks for.")
    ] = None,
    gpu_memory: Annotated[float, typer.Option(min=1, help="Memory of each GPU, in GiB.")] = 80.0,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Use no network. Names on the hub and missing files are not checked."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
) -> None:
    """Say whether a job would start and fit, before it takes a GPU: `ready` and exit code 0, or errors and exit code 1.

    Example: darling check --nodes 1 --gpus-per-node 8 "+darling=[math,math_size/8gpu]"
    """
    # Before the first import of torch: this process must not open a GPU, nor, offline, the network.
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("VERL_LOGGING_LEVEL", "ERROR")
    if offline:
        os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    from darling_plugin.tools.check.job import Cluster
    from darling_plugin.tools.check.plan import show
    from darling_plugin.tools.check.run import check_job

    with explained():
        with terminal(stderr=True).status("Composing the job with verl's configuration …"):
            outcome = check_job(overrides or [], Cluster(nodes, gpus_per_node, gpu_memory), offline=offline)
        if as_json:
            print_json(outcome.as_json())
        else:
            show(outcome, terminal())
    raise typer.Exit(0 if outcome.ready else 1)
