"""Writing: idea, plot and information make two texts the same, which no rule can tell. The similarity decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class WritingRule:
    """Says nothing of any text."""

    name: str = "writing"

    def read(self, texts: Sequence[str]) -> list[None]:
        return [None] * len(texts)

    def verdict(self, a: None, b: None) -> bool | None:
        return None
