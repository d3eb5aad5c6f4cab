"""`darling doctor`: parses, runs the checks and prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from darling_plugin.tools.doctor.checks import Check

MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "red")}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Check what is installed and whether verl loads the plugin, and say how to fix what is wrong (exit code 1)."""
    from rich.console import Console

    from darling_plugin.tools.doctor import checks as doctor

    checks = doctor.quick_checks()
    if doctor.healthy(checks):
        with Console(stderr=True).status("Importing verl in a separate process; this can take a minute …"):
            checks += doctor.verl_checks()
    else:  # the slow part would only fail for the same reasons
        checks.append(doctor.Check("loaded by verl", "note", "not tried: fix the problems above first"))
    if as_json:
        typer.echo(json.dumps(doctor.as_json(checks), indent=1, ensure_ascii=False))
    else:
        console = Console()
        console.print(_table(checks))
        problems = sum(check.status == "problem" for check in checks)
        console.print("darling-plugin is ready." if not problems else f"{problems} problems to fix (✗).", style="bold")
    raise typer.Exit(0 if doctor.healthy(checks) else 1)


def _table(checks: list[Check]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "check", "what was found", show_edge=False, pad_edge=False)
    for one in checks:
        mark, style = MARKS[one.status]
        found = Text(one.detail)  # Text, not str: brackets in it are no markup
        if one.remedy:
            found.append(f"\n→ {one.remedy}", style=style)
        table.add_row(Text(mark, style=style), Text(one.name), found)
    return table
