"""`darling export`: parse, call, print. `darling_plugin/cli.py` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained


def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="a run's folder (trainer.default_local_dir), or a global_step_N in it")
    ],
    out: Annotated[Path, typer.Argument(help="new folder for the model")],
    step: Annotated[int | None, typer.Option(min=0, help="of a run; else the latest")] = None,
    config: Annotated[Path | None, typer.Option(help="the run's config.yaml, where it is not found")] = None,
    metrics: Annotated[Path | None, typer.Option(help="the run's metrics, where they are not found")] = None,
) -> None:
    """Turn a checkpoint into a Hugging Face folder: verl merges its shards; a model card says how it was trained."""
    from rich.console import Console

    from darling_plugin.tools.export.export import CARD, export

    waiting = "Writing the weights; verl's merger loads all shards into main memory …"
    with explained(), Console(stderr=True).status(waiting):
        exported = export(checkpoint, out, step=step, config=config, metrics=metrics)
    record, done = exported.record, exported.checkpoint
    at = "" if done.step is None else f", step {done.step}"
    console = Console(soft_wrap=True)
    for what, said in (
        ("Model", f"{out}, from {done.form.value}{at}"),
        ("Card", f"{out / CARD}; it holds the configuration: read it before you publish it"),
        ("Config", record.config_file or "not found: the card does without; name it with --config"),
        ("Metrics", record.metrics_file or "not found: the card does without; name them with --metrics"),
    ):
        console.print(f"{what:<8} {said}", markup=False, highlight=False)
