"""`darling list`: parses and prints."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

from darling_plugin.console import explained
from darling_plugin.tools.catalog.entries import KINDS

Kind = Enum("Kind", {name: name for name in KINDS})  # type: ignore[misc]


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the similarities, objectives, recipes or evaluation tasks that a setting or command can name.

    Example: darling list objectives
    """
    with explained():
        entries = KINDS[kind.value]()
    if as_json:
        typer.echo(json.dumps(entries, indent=1, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "what it is", show_edge=False)
    for name, text in entries.items():
        table.add_row(Text(name), Text(text))
    Console().print(table)
