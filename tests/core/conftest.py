"""Judges whose verdicts a test writes down, and which remember what they were asked."""

from collections.abc import Callable, Iterable

import pytest


class RecordingSimilarity:
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
def similarity_of() -> Callable[[Callable[[str, str], bool]], RecordingSimilarity]:
    return RecordingSimilarity


@pytest.fixture
def similarity_saying_yes_to() -> Callable[[Iterable[str]], RecordingSimilarity]:
    """similarity_saying_yes_to(["ab", "bc"]): the texts a and b are equivalent, b and c too, nothing else."""
    return lambda yes: RecordingSimilarity(lambda a, b: a + b in set(yes) or b + a in set(yes))
