"""What a run is, once read. Every part can be empty; `missing` then says why, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CORRECT_ABOVE = 0.5  # as darling.diversity.correct_threshold

Row = dict[str, float]  # one training step: "step", and what was logged there, by verl's names


@dataclass(frozen=True)
class Response:
    """One response; label: its class, −1 where the partition left it out, None where there is no partition."""

    text: str
    label: int | None
    measures: Mapping[str, float | None]  # quality, diversity, reward, advantage; None: not in the samples


@dataclass(frozen=True)
class Group:
    """The responses to one prompt in one step, in the order of the file."""

    step: int
    uid: str
    prompt: str
    responses: tuple[Response, ...]

    @property
    def classes(self) -> int | None:
        """How many classes; None without a partition."""
        labels = {each.label for each in self.responses}
        return None if None in labels else len(labels - {-1})

    @property
    def correct(self) -> int | None:
        """How many are correct (quality > 0.5); None where the quality is no grade between 0 and 1, or is missing."""
        grades = [each.measures["quality"] for each in self.responses]
        if any(grade is None or not 0 <= grade <= 1 for grade in grades):
            return None
        return sum(grade > CORRECT_ABOVE for grade in grades if grade is not None)


@dataclass(frozen=True)
class Estimate:
    """A mean, and its standard error where it is known."""

    mean: float
    error: float | None = None


@dataclass(frozen=True)
class Outcome:
    """One measure of the policy before and after training."""

    name: str
    before: Estimate | None
    after: Estimate | None


@dataclass(frozen=True)
class PassAtK:
    """pass@k against k. points: (k, mean, low, high), by k; low and high are None where the width is unknown."""

    label: str
    points: tuple[tuple[int, float, float | None, float | None], ...]


@dataclass(frozen=True)
class Run:
    """All that a folder held. rows: by step, one each. about: when and by which command, by name."""

    name: str
    folder: Path
    title: str
    details: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]
    pass_at_k: tuple[PassAtK, ...]
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    missing: tuple[str, ...]
    about: Mapping[str, str] = field(default_factory=dict)
