"""The number that a text gives as its answer."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

from darling_plugin.form.facts import DECIMAL, numbers

STATED = (
    r"\\boxed\s*\{([^{}]{1,40})\}",
    r"####\s*([^\n]{1,40})",
    r"(?i)\b(?:answer|result)\s*(?:is|:|=|equals)\s*:?\s*\**\$?([^\n]{1,30})",
    r"(?:答案|答え)[是为為は:：]*\s*([^\n。]{1,20})",
)
CONCLUDED = (
    r"(?i)(?:[=≈]|\b(?:is|are|so|get|gets|needs?|gives?|makes?|equals?|totals?|costs?|takes?|has|have|probability)\b)"
    r"[ \t]*(?:[a-z]+[ \t]+){0,2}\**[$€]?(-?\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?)(?![\d.,]*\s*[-+*/=×])"
)


def stated_answer(text: str) -> Fraction | None:
    """The number that is boxed, or follows "####" or "the answer is", the last such one; None without one."""
    for pattern in STATED:
        for said in reversed(_pattern(pattern).findall(text)):
            if (number := _first_number(said)) is not None:
                return number
    return None


def concluded_answer(text: str) -> Fraction | None:
    """The stated answer, else the last number after "=", "is", "need", "makes" or the like; None without one.

    A number in passing ("as of 2024") concludes nothing, so adding one changes no verdict.
    """
    if (stated := stated_answer(text)) is not None:
        return stated
    found = _pattern(CONCLUDED).findall(text)
    return _first_number(found[-1]) if found else None


def _first_number(text: str) -> Fraction | None:
    match = _pattern(DECIMAL).search(text)
    return next(iter(numbers(match[0])), None) if match else None


@cache
def _pattern(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.VERSION1)
