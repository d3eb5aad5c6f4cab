"""What became of a file's rows: how many each filter dropped, why, and a few of them to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

EXAMPLES = 5
LONGEST = 160  # characters of an example


@dataclass
class Step:
    """One filter: `kept` items left it; `dropped[why]` did not; `examples` are the first of those.

    `noted` counts what was changed in items that stayed, or what else a reader of the counts should know.
    """

    name: str
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def drop(self, why: str, text: str, **details: Any) -> None:
        self.dropped[why] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append({"why": why, "text": shortened(text), **details})

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"step": self.name, "kept": self.kept, "dropped": dict(self.dropped.most_common())}
        if self.noted:
            shown["noted"] = dict(self.noted.most_common())
        return shown | ({"examples": self.examples} if self.examples else {})


def sift(items: Iterable[T], step: Step, why_not: Callable[[T], str | None], text: Callable[[T], str]) -> list[T]:
    """The items for which `why_not` has no reason; the others are counted in `step`."""
    kept = []
    for item in items:
        why = why_not(item)
        if why is None:
            kept.append(item)
        else:
            step.drop(why, text(item))
    step.kept = len(kept)
    return kept


def shortened(text: str) -> str:
    """On one line and short, for a person to recognize: only printable characters."""
    line = "".join(char if char.isprintable() else " " for char in " ".join(text[: 4 * LONGEST].split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
