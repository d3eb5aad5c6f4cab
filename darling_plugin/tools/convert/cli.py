"""`darling convert-reward-model`: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained, print_json, terminal


def convert_reward_model(
    source: Annotated[
        str, typer.Argument(help="A folder, or a name on the Hugging Face hub, such as Nexusflow/Athene-RM-8B.")
    ],
    out: Annotated[Path, typer.Argument(help="A new folder for the converted model.")],
    revision: Annotated[
        str | None, typer.Option(help="For a name on the hub: its commit, tag or branch. The default is main.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record of the conversion as JSON.")] = False,
) -> None:
    """Turn a Llama with a value head (Athene-RM-8B) into a sequence classifier that transformers and vLLM serve.

    Example: darling convert-reward-model Nexusflow/Athene-RM-8B models/athene
    """
    from darling_plugin.tools.convert.convert import RECORD, convert

    with explained():
        record = convert(source, out, revision=revision)
    if as_json:
        print_json(record)
        return
    console = terminal(soft_wrap=True)
    for what, said in (
        ("Model", out),
        ("Record", out / RECORD),
        ("Head", ", ".join(f"{old} → {new}" for old, new in record["renamed"].items())),
        ("Read at", f"{record['tokenizer']['cls']}, which the chat template puts at the end"),
        ("Use it", f"reward.reward_model.model_path={out}"),
    ):
        console.print(f"{what:<8} {said}", markup=False, highlight=False)
