"""`darling doctor`: parse, call, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from darling_plugin.console import print_json, terminal

if TYPE_CHECKING:
    from rich.table import Table

    from darling_plugin.tools.doctor.checks import Check

MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "red")}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Check what is installed and whether verl loads the plugin. Says how to fix each problem (then exit code 1).

    Example: darling doctor
    """

    from darling_plugin.tools.doctor import checks as doctor

    checks = doctor.quick_checks()
    if doctor.healthy(checks):
        with terminal(stderr=True).status("Importing verl in a separate process; this can take a minute …"):
            checks += doctor.verl_checks()
    else:  # the slow part would only fail for the same reasons
        checks.append(doctor.Check("loaded by verl", "note", "not tried: fix the problems above first"))
    if as_json:
        print_json(doctor.as_json(checks))
    else:
        console = terminal()
        console.print(_table(checks))
        problems = sum(check.status == "problem" for check in checks)
        console.print(
            "darling-plugin is ready."
            if not problems
            else f"{problems} {'problem' if problems == 1 else 'problems'} to fix (✗).",
            style="bold",
        )
    raise typer.Exit(0 if doctor.healthy(checks) else 1)


def _table(checks: list[Check]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "check", "what was found", show_edge=False, pad_edge=False)
    for one in checks:
        mark, style = MARKS[one.status]
        found = Text(one.detail)  # Text, not str: its brackets are not markup
        if one.remedy:
            found.append(f"\n→ {one.remedy}", style=style)
        table.add_row(Text(mark, style=style), Text(one.name), found)
    return table
