"""What was made, on the terminal. Texts of data sets are shown as they are: no markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from darling_plugin.tools.data.manifest import Verdict
    from darling_plugin.tools.data.prepare import Output

REASONS = 4  # shown for each filter; the manifest has all


def show(console: Console, outputs: Sequence[Output]) -> None:
    """A table of the filters for each file that was made and lost or changed rows, then one line for each file."""
    for output in outputs:
        if output.made and any(step["dropped"] or step.get("noted") for step in output.filters):
            console.print(_filters(output))
    table = Table(title=Text(str(outputs[0].path.parent)), title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("sources", overflow="fold")
    for output in outputs:
        state = "made" if output.made else "up to date"
        table.add_row(Text(output.path.name), f"{output.rows:,}", state, Text(output.origin))
    console.print(table)
    if not any(output.made for output in outputs):
        console.print("Nothing to do: same sources, same settings, same files. --force makes them again.")


def show_check(console: Console, verdicts: Sequence[Verdict]) -> None:
    table = Table("file", "", show_edge=False, pad_edge=False)
    for verdict in verdicts:
        table.add_row(Text(verdict.file), Text(verdict.state, style="green" if verdict.state == "same" else "red"))
    console.print(table)


def _filters(output: Output) -> Table:
    table = Table(title=Text(f"{output.path.name}"), title_justify="left")
    table.add_column("filter")
    table.add_column("dropped", justify="right")
    table.add_column("left", justify="right")
    table.add_column("why")
    for step in output.filters:
        dropped = sum(step["dropped"].values())
        name = f"{step['set']}: {step['step']}" if "set" in step else step["step"]
        table.add_row(Text(name), f"{dropped:,}" if dropped else "", f"{step['kept']:,}", Text(_why(step)))
    return table


def _why(step: dict[str, Any]) -> str:
    dropped = [f"{why} {count:,}" for why, count in list(step["dropped"].items())[:REASONS]]
    noted = [f"({what}: {count:,})" for what, count in step.get("noted", {}).items()]
    return " ".join([", ".join(dropped) + (" …" if len(step["dropped"]) > REASONS else ""), *noted]).strip()
