"""How far a long piece of work is: a bar on a terminal, and in a log one line every ten seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from darling_plugin.console import terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

EVERY_S = 10.0


class Advance(Protocol):
    def __call__(self, steps: int = 1, note: str = "") -> None: ...


class Lines:
    """Progress for a log: `print_line` gets done, total, and time left, at most once every ten seconds.

    Work that ends within ten seconds prints nothing. `clock` counts seconds.
    """

    def __init__(
        self,
        description: str,
        total: int,
        print_line: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._description, self._total, self._print, self._clock = description, total, print_line, clock
        self._done = 0
        self._start = self._last = clock()

    def __call__(self, steps: int = 1, note: str = "") -> None:
        """Count `steps` more, and print a line when one is due."""
        self._done += steps
        now = self._clock()
        if now - self._last < EVERY_S:
            return
        self._last = now
        passed = now - self._start
        left = "unknown" if not self._done else _duration(passed * (self._total - self._done) / self._done)
        share = f" ({self._done / self._total:.0%})" if self._total else ""
        line = f"{self._description}: {self._done:,} of {self._total:,}{share}, {_duration(passed)} passed, {left} left"
        self._print(f"{line}; {note}" if note else line)


def bars(console: Console) -> Progress:
    """Bars that vanish when done; each task needs a field `note`."""
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
    return Progress(*columns, console=console, transient=True)


@contextmanager
def progress(description: str, total: int, console: Console | None = None) -> Iterator[Advance]:
    """`with progress("Warm start", 1600) as advance: … advance(note="loss 1.2")`.

    On a terminal a bar, which vanishes when done. Otherwise lines on stderr. With `-q`, neither.
    """
    console = console or terminal(stderr=True)
    if not console.is_interactive:
        errors = console if console.stderr else terminal(stderr=True)
        yield Lines(description, total, lambda line: errors.print(line, markup=False, highlight=False, soft_wrap=True))
        return
    with bars(console) as bar:
        task = bar.add_task(description, total=total, note="")

        def advance(steps: int = 1, note: str = "") -> None:
            bar.update(task, advance=steps, note=note)

        yield advance


def _duration(seconds: float) -> str:
    """`1:02:03`; negative ones, of work that took more steps than announced, are 0."""
    return str(timedelta(seconds=max(0, round(seconds))))
