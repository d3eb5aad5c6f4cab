"""Text as Markdown that shows it and does nothing else: what a card says of a run is data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any


def code(value: Any) -> str:
    """One line of code. An empty text is a dash."""
    text = " ".join(str(value).split())
    if not text:
        return "–"
    ticks = "`" * (_longest(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def block(text: str, language: str = "") -> str:
    """A block of code whose fence is longer than any in it."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are Markdown; a bar in one, in code too, would begin another."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _longest(text: str) -> int:
    """The longest run of backticks."""
    return max((len(run) for run in re.findall("`+", text)), default=0)
