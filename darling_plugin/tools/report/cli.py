"""`darling report`: parse, call, print. `darling_plugin/cli.py` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="folders of runs, such as outputs/quickstart")],
    out: Annotated[Path, typer.Option(help="the page")] = Path("report.html"),
    png: Annotated[Path | None, typer.Option(help="the same plots as PNG, into this folder")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="the same numbers as JSON, into this file")] = None,
) -> None:
    """Show runs in one HTML page: curves, quality against diversity, pass@k, and their sampled groups."""
    import json

    from rich.console import Console

    from darling_plugin.tools.report.document import document, numbers
    from darling_plugin.tools.report.page import render
    from darling_plugin.tools.report.read import read_runs

    written = [("Page", out)]
    with explained():
        read = read_runs(runs)
        page = document(read)
        _write(out, render(page))
        if as_json is not None:
            _write(as_json, json.dumps(numbers(page), indent=1, allow_nan=False) + "\n")
            written.append(("Numbers", as_json))
        if png is not None:
            from darling_plugin.tools.report.figures import draw

            written += [("Figure", path) for path in draw(png, page)]
    console = Console(soft_wrap=True)
    for run in read:
        for sentence in run.missing:
            console.print(f"{run.name}: {sentence}", markup=False, highlight=False)
    for what, path in written:
        console.print(f"{what:<8} {path}", markup=False, highlight=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
