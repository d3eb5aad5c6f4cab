"""The command `darling`. Each command here parses, calls one function and prints; the work is done elsewhere.

To add one: a function with `@app.command()` that imports what it needs inside, so that `darling --help` stays quick.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from darling_plugin.classifier.cli import app as classifier_app
from darling_plugin.data.cli import app as data_app
from darling_plugin.evaluation.report.cli import report
from darling_plugin.evaluation.run.cli import app as eval_app
from darling_plugin.export.cli import export
from darling_plugin.launch.cli import check
from darling_plugin.quality.convert_cli import convert_reward_model
from darling_plugin.service.plan.cli import plan

if TYPE_CHECKING:
    from rich.table import Table

    from darling_plugin.doctor import Check

app = typer.Typer(
    help="DARLING for verl: quality and semantic diversity, trained at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

app.add_typer(classifier_app, name="classifier")
app.add_typer(data_app, name="data")
app.add_typer(eval_app, name="eval")
app.command()(report)
app.command()(check)
app.command()(plan)
app.command()(export)
app.command()(convert_reward_model)

MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "red")}


def _print_version(wanted: bool) -> None:
    if wanted:
        from darling_plugin import __version__

        typer.echo(f"darling-plugin {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """DARLING for verl: quality and semantic diversity, trained at once."""


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Say what is installed, whether verl loads the plugin, and how to mend what is wrong (then exit code 1)."""
    from rich.console import Console

    from darling_plugin import doctor

    checks = doctor.quick_checks()
    if doctor.healthy(checks):
        with Console(stderr=True).status("Importing verl in a process of its own; this can take a minute …"):
            checks += doctor.verl_checks()
    else:  # the slow part would only fail for the same reasons
        checks.append(doctor.Check("loaded by verl", "note", "not tried: first mend the problems above"))
    if as_json:
        typer.echo(json.dumps(doctor.as_json(checks), indent=1, ensure_ascii=False))
    else:
        console = Console()
        console.print(_table(checks))
        problems = sum(check.status == "problem" for check in checks)
        console.print("darling-plugin is ready." if not problems else f"{problems} to mend (✗).", style="bold")
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


if __name__ == "__main__":
    app()
