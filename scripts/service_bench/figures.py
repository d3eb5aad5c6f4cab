"""Repetitions as median, least and most; shown as a table, written as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """Of the repetitions of one measurement."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:.3g}  ({self.min:.3g} – {self.max:.3g})"


class Run:
    """What one of ours gave on some groups: a speed-up for each repetition, and the labels of the last."""

    def __init__(self) -> None:
        self.speedups: list[float] = []
        self.labels = np.empty(0)
        self.reference = np.empty(0)
        self.read = 0

    @property
    def same(self) -> bool:
        """Whether the classes are those of asking every pair."""
        return bool(self.labels.tolist() == self.reference.tolist())

    @property
    def speedup(self) -> Figure:
        return Figure.of(self.speedups)


@dataclass(frozen=True)
class Row:
    """One line of the table: how many times the time of ours the authors' access pattern takes on the same texts."""

    name: str
    what: str
    run: Run
    aim: str


def show(console: Console, rows: Sequence[Row], others: Sequence[tuple[str, str, str]]) -> None:
    """The tables."""
    table = Table("", "responses", "times less time", "aim", "forward passes", title="Against one request per pair")
    for row in rows:
        table.add_row(row.name, row.what, str(row.run.speedup), row.aim, str(row.run.read))
    console.print(table)
    rest = Table("", "median (least – most)", "aim")
    for other in others:
        rest.add_row(*other)
    console.print(rest)


def as_json(figure: Figure) -> dict[str, float]:
    return asdict(figure)
