"""`darling export`: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained, print_json, terminal


def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="A run's folder (trainer.default_local_dir), or a global_step_N in it.")
    ],
    out: Annotated[Path, typer.Argument(help="A new folder for the model.")],
    step: Annotated[int | None, typer.Option(min=0, help="Step of the run. The default is the latest.")] = None,
    config: Annotated[Path | None, typer.Option(help="The run's config.yaml, if the command does not find it.")] = None,
    metrics: Annotated[Path | None, typer.Option(help="The run's metrics, if the command does not find them.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load shards that hold pickled objects. They can run any program.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Turn a checkpoint into a Hugging Face folder with a model card that says how the model was trained.

    verl's merger unpickles the shards of a checkpoint, which can run any program. So export first checks that the
    shards hold only tensors; other shards need --trust. Export only checkpoints that you trust. The card holds the
    run's configuration without secrets: read it before you publish it.

    Example: darling export checkpoints/my_run models/my_run --step 100
    """
    from darling_plugin.tools.export.export import CARD, export

    waiting = "Writing the weights; verl's merger loads all shards into main memory …"
    with explained(), terminal(stderr=True).status(waiting):
        exported = export(checkpoint, out, step=step, config=config, metrics=metrics, trust=trust)
    record, done = exported.record, exported.checkpoint
    if as_json:
        files = {"config": record.config_file, "metrics": record.metrics_file}
        found = {name: None if file is None else str(file) for name, file in files.items()}
        print_json({"folder": str(out), "step": done.step, "form": done.form.name, "card": str(out / CARD)} | found)
        return
    at = "" if done.step is None else f", step {done.step}"
    console = terminal(soft_wrap=True)
    for what, said in (
        ("Model", f"{out}, from {done.form.value}{at}"),
        ("Card", f"{out / CARD}; it holds the configuration: read it before you publish it"),
        ("Config", record.config_file or "not found, so the card has no configuration; give it with --config"),
        ("Metrics", record.metrics_file or "not found, so the card has no metrics; give them with --metrics"),
    ):
        console.print(f"{what:<8} {said}", markup=False, highlight=False)
