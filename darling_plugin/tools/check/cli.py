"""`darling check`: parse, call, print. `darling_plugin/cli.py` registers it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from darling_plugin.console import explained


def check(
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="OVERRIDE...", help="as for verl.trainer.main_ppo: +darling=math …")
    ] = None,
    nodes: Annotated[int | None, typer.Option(min=1, help="nodes at hand; else those that the job asks for")] = None,
    gpus_per_node: Annotated[int | None, typer.Option(min=1, help="GPUs of each")] = None,
    gpu_memory: Annotated[float, typer.Option(min=1, help="GiB of each GPU")] = 80.0,
    offline: Annotated[
        bool, typer.Option(help="Ask no network: names on the hub and files that are not here are taken on trust.")
    ] = False,
) -> None:
    """Say whether a job would start and fit, before a GPU is taken: exit code 0 and `ready`, or errors and 1."""
    # Before the first import of torch: this process must not open a GPU, nor, offline, the network.
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("VERL_LOGGING_LEVEL", "ERROR")
    if offline:
        os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    from rich.console import Console

    from darling_plugin.tools.check.job import Cluster
    from darling_plugin.tools.check.plan import show
    from darling_plugin.tools.check.run import check_job

    console = Console()
    with explained():
        with Console(stderr=True).status("Composing the job with verl's configuration …"):
            outcome = check_job(overrides or [], Cluster(nodes, gpus_per_node, gpu_memory), offline=offline)
        show(outcome, console)
    raise typer.Exit(0 if outcome.ready else 1)
