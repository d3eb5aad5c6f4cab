"""`darling list`: parses and prints."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from darling_plugin.console import explained, print_json, terminal
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
        print_json(entries)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "what it is", show_edge=False)
    for name, text in entries.items():
        table.add_row(Text(name), Text(text))
    terminal().print(table)
