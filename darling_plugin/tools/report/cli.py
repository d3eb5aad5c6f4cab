"""`darling report`: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained, print_json, terminal

PAGE_BEGINS = b"<!doctype html>"


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, such as outputs/quickstart.")],
    out: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("report.html"),
    png: Annotated[Path | None, typer.Option(help="Write the same plots as PNG files into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same numbers as JSON on stdout.")] = False,
) -> None:
    """Show runs in one HTML page: curves, quality against diversity, pass@k, and their sampled groups.

    Example: darling report outputs/quickstart --out report.html
    """
    from darling_plugin.errors import InputError
    from darling_plugin.tools.report.document import document, numbers
    from darling_plugin.tools.report.page import render
    from darling_plugin.tools.report.read import read_runs

    written = [("Page", out)]
    with explained():
        if as_json and len(runs) > 1 and runs[-1].suffix == ".json":
            raise InputError(
                f"--json: got {runs[-1]}, but --json prints on stdout: darling report RUN --json > {runs[-1]}"
            )
        _check_out(out)
        read = read_runs(runs)
        page = document(read)
        _write(out, render(page))
        if png is not None:
            from darling_plugin.tools.report.figures import draw

            written += [("Figure", path) for path in draw(png, page)]
    if as_json:
        print_json(numbers(page))
    notes = terminal(stderr=as_json, soft_wrap=True)
    for run in read:
        for sentence in run.missing:
            notes.print(f"{run.name}: {sentence}", markup=False, highlight=False)
    for what, path in written:
        notes.print(f"{what:<8} {path}", markup=False, highlight=False)


def _check_out(out: Path) -> None:
    """Only an earlier page is overwritten: never a run's metrics. Raises `InputError`."""
    from darling_plugin.errors import InputError

    if out.is_dir():
        raise InputError(f"--out: {out} is a folder; name a file, such as {out / 'report.html'}.")
    if not out.is_file():
        return
    with out.open("rb") as file:
        begins = file.read(len(PAGE_BEGINS))
    if begins and begins != PAGE_BEGINS:
        raise InputError(f"--out: {out} exists and is not a page of this command; name another file.")


def _write(path: Path, text: str) -> None:
    from darling_plugin.files import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # /dev/stdout
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
