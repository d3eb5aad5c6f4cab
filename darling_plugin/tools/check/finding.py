"""One result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "not checked", "bring"]
"""error: the job would stop or give wrong results. warning: it may. not checked: cannot be checked here. bring: a file
that must be brought to the cluster."""


@dataclass(frozen=True)
class Finding:
    """What is the matter with one setting.

    Args:
        key: its full path, such as `data.train_batch_size`.
        got: its value.
        expected: what it must be, and why. Another's own message where verl or `validate_job` said it.
        remedy: what to set; empty where `expected` says so itself.
    """

    key: str
    got: Any
    expected: str
    remedy: str = ""
    level: Level = "error"

    @property
    def text(self) -> str:
        """`key=got: expected remedy`, without the key where `expected` begins with it."""
        told = self.expected.lstrip("`").startswith(self.key)
        return " ".join(
            part for part in ("" if told else f"{self.key}={self.got}:", self.expected, self.remedy) if part
        )


def warning(key: str, got: Any, expected: str, remedy: str = "") -> Finding:
    """A finding that does not keep a job from starting."""
    return Finding(key, got, expected, remedy, "warning")
