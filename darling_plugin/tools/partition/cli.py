"""`darling partition`: parses, calls and prints."""

from __future__ import annotations

from typing import Annotated

import typer

from darling_plugin.console import explained, terminal


def partition(
    file: Annotated[
        str,
        typer.Argument(
            help='JSON lines {"prompt", "responses": […]} or {"prompt", "response"}; a folder of such files; - for '
            "standard input"
        ),
    ],
    similarity: Annotated[str, typer.Option(help="A name from `darling list similarities`.")] = "classifier",
    model: Annotated[str | None, typer.Option(help="The similarity's model, as darling.similarity.model.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Equivalent when P is above it. [default: the similarity's own]")
    ] = None,
    text: Annotated[
        str, typer.Option(help="What is read of a response: whole | answer | head_tail | module:function.")
    ] = "whole",
    pairs: Annotated[bool, typer.Option("--pairs", help="Also show P(equivalent) of every pair.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of tables.")] = False,
) -> None:
    """Show which of your responses mean the same, as training would see them.

    Example: darling partition responses.jsonl --pairs
    """
    with explained():
        from darling_plugin.api import load_similarity
        from darling_plugin.tools.partition.classes import classify
        from darling_plugin.tools.partition.read import read_responses
        from darling_plugin.tools.partition.show import json_lines, tables

        groups = read_responses(file)
        loaded = load_similarity(similarity, **({} if model is None else {"model": model}))
        found = classify(groups, loaded, threshold=threshold, text=text, pairs=pairs)
        if as_json:
            for line in json_lines(found):
                typer.echo(line)
            return
        console = terminal()
        for table in tables(found):
            console.print(table)
