"""Judges whose verdicts a test writes down, and which remember what they were asked."""

from collections.abc import Callable, Iterable

import pytest


class RecordingJudge:
    """P = 1 for the pairs that `equivalent` accepts, else 0. calls[r] = the pairs of round r."""

    def __init__(self, equivalent: Callable[[str, str], bool]):
        self.equivalent = equivalent
        self.calls: list[list[tuple[str, str]]] = []

    def __call__(self, pairs: list[tuple[str, str]]) -> list[float]:
        self.calls.append(pairs)
        return [float(self.equivalent(a, b)) for a, b in pairs]

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [pair for call in self.calls for pair in call]


@pytest.fixture
def judge_of() -> Callable[[Callable[[str, str], bool]], RecordingJudge]:
    return RecordingJudge


@pytest.fixture
def judge_saying_yes_to() -> Callable[[Iterable[str]], RecordingJudge]:
    """judge_saying_yes_to(["ab", "bc"]): the texts a and b are equivalent, b and c too, nothing else."""
    return lambda yes: RecordingJudge(lambda a, b: a + b in set(yes) or b + a in set(yes))
