"""One look for the progress bars of this package: what, how far, a note (the loss), time passed, time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Advance(Protocol):
    def __call__(self, steps: int = 1, note: str = "") -> None: ...


def bars(console: Console | None = None) -> Progress:
    """Bars that vanish when done, drawn on a terminal only; each task needs a field `note`."""
    from rich import get_console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = [
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("passed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    ]
    console = console or get_console()
    return Progress(*columns, console=console, transient=True, disable=not console.is_interactive)


@contextmanager
def progress(description: str, total: int, console: Console | None = None) -> Iterator[Advance]:
    """`with progress("Warm start", 1600) as advance: … advance(note="loss 1.2")`. Vanishes when done."""
    with bars(console) as bar:
        task = bar.add_task(description, total=total, note="")

        def advance(steps: int = 1, note: str = "") -> None:
            bar.update(task, advance=steps, note=note)

        yield advance
