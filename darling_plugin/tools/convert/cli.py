"""`darling convert-reward-model`: parse, call, print. `darling_plugin/cli.py` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained


def convert_reward_model(
    source: Annotated[str, typer.Argument(help="folder, or name on the hub, such as Nexusflow/Athene-RM-8B")],
    out: Annotated[Path, typer.Argument(help="new folder for the converted model")],
    revision: Annotated[str | None, typer.Option(help="of a name on the hub: commit, tag or branch")] = None,
) -> None:
    """Turn a Llama with a value head (Athene-RM-8B) into a sequence classifier that transformers and vLLM serve."""
    from rich.console import Console

    from darling_plugin.tools.convert.convert import RECORD, convert

    with explained():
        record = convert(source, out, revision=revision)
    console = Console(soft_wrap=True)
    for what, said in (
        ("Model", out),
        ("Record", out / RECORD),
        ("Head", ", ".join(f"{old} → {new}" for old, new in record["renamed"].items())),
        ("Read at", f"{record['tokenizer']['cls']}, which its chat template puts at the end"),
        ("Use it", f"reward.reward_model.model_path={out}"),
    ):
        console.print(f"{what:<8} {said}", markup=False, highlight=False)
