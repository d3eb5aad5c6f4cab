"""Math: the final answer and the method. Two responses with other final answers are distinct; of those with equal ones,
and of those without one that can be read, the similarity compares the method.

Answers are read and compared by math-verify, in a child process: model text is parsed, never executed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

from cachetools import LRUCache

from darling_plugin.child import Child, Hung
from darling_plugin.errors import MissingDependencyError

TIMEOUT_S = 10.0
DEADLINE_S = 120.0  # of one comparison; leaves time to start a child and to import sympy

_equal: LRUCache[tuple[str, str], bool] = LRUCache(65_536)


class Answered(NamedTuple):
    """A response, and its final answer in one canonical form."""

    response: str
    answer: str


@dataclass(frozen=True)
class MathRule:
    """The rule above, as `core/rules.py` applies it. Raises `MissingDependencyError` without math-verify."""

    name: str = "math"

    def __post_init__(self) -> None:
        if find_spec("math_verify") is None:
            raise MissingDependencyError(
                "darling.similarity.domain=math reads final answers by math-verify, which is not installed: "
                "pip install math-verify"
            )

    def read(self, texts: Sequence[str]) -> list[Answered | None]:
        from darling_plugin.quality.final_answer import final_answers

        answers = final_answers(texts)
        return [None if own is None else Answered(text, own) for text, own in zip(texts, answers, strict=True)]

    def verdict(self, a: Answered, b: Answered) -> bool | None:
        return None if same_answer(a, b) else False


def same_answer(a: Answered, b: Answered) -> bool:
    """Whether two final answers are equal, as numbers or symbolically. One that cannot be compared in time is not."""
    if a.answer == b.answer:
        return True
    values = _value(a.answer), _value(b.answer)
    if None not in values:
        return values[0] == values[1]
    key = (min(a.answer, b.answer), max(a.answer, b.answer))
    if key not in _equal:
        _equal[key] = _compared(a.response, b.response)
    return _equal[key]


def verify_both(first: str, second: str) -> bool:
    """By math-verify, in either order. Must run in the main thread of its process."""
    from math_verify import parse, verify

    seconds = round(TIMEOUT_S)
    a, b = parse(first, parsing_timeout=seconds), parse(second, parsing_timeout=seconds)
    return bool(verify(a, b, timeout_seconds=seconds) or verify(b, a, timeout_seconds=seconds))


def _value(answer: str) -> Fraction | None:
    try:
        return Fraction(answer) if len(answer) <= 40 and "e" not in answer.lower() else None
    except (ValueError, ZeroDivisionError):
        return None


def _compared(first: str, second: str) -> bool:
    try:
        return _child()(first, second)
    except Hung:
        return False


@cache
def _child() -> Child[[str, str], bool]:
    return Child(verify_both, DEADLINE_S)
