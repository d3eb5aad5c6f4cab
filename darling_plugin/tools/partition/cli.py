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
    url: Annotated[str | None, typer.Option(help="The judge's endpoint, as darling.similarity.url.")] = None,
    function: Annotated[
        str | None, typer.Option(help="module:function of `callable`, as darling.similarity.function.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Two responses are equivalent if P is above it. [default: the similarity's own]"
        ),
    ] = None,
    text: Annotated[
        str, typer.Option(help="What is read of a response: whole | answer | head_tail | module:function.")
    ] = "whole",
    domain: Annotated[
        str | None,
        typer.Option(help="Definition of equivalence, as darling.similarity.domain: writing | math | code | answers."),
    ] = None,
    short_text_rule: Annotated[
        str | None,
        typer.Option(help="What decides short texts: form | authors | none. [default: the similarity's own]"),
    ] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Also show P(equivalent) of every pair.")] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Also show what decided each pair, which pairs are closest to the threshold, and what is not read.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of tables.")] = False,
) -> None:
    """Show which of your responses mean the same, as training would see them.

    Example: darling partition responses.jsonl --explain
    """
    with explained():
        from darling_plugin.config import parse_settings
        from darling_plugin.tools.partition.classes import classify
        from darling_plugin.tools.partition.read import read_responses
        from darling_plugin.tools.partition.show import json_lines, tables

        groups = read_responses(file)
        given = {
            "name": similarity,
            "model": model,
            "url": url,
            "function": function,
            "threshold": threshold,
            "text": text,
            "domain": domain,
            "short_text_rule": short_text_rule,
        }
        settings = parse_settings({"similarity": given})
        loaded = settings.similarity.build()
        found = classify(groups, loaded, settings.partition_rule(loaded), text=text, pairs=pairs, explain=explain)
        if as_json:
            for line in json_lines(found, explain=explain):
                typer.echo(line)
            return
        console = terminal()
        for table in tables(found, explain=explain):
            console.print(table)
