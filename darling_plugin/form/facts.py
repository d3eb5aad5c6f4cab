"""Facts that can be read off a short text exactly: the numbers that it states, and whether it negates."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial
from typing import Any

from darling_plugin.form.numerals import CHINESE, ENGLISH, SCALES, chinese, english
from darling_plugin.form.words import SPACELESS

DECIMAL = (
    rf"(?<![[\w.,]--[{SPACELESS}]])[-−]?\d+(?:,\d{{1,2}}(?![\d,])|(?:,\d{{3}})*(?:\.\d+)?)(?:[eE][+-]?\d+)?"
    r"(?:\s?/\s?[1-9]\d*|\s\d+/[1-9]\d*)?"  # a fraction; a mixed number
    rf"(?i:\s(?:{'|'.join(SCALES)})\b)?"
)
NOT = (
    r"(?i)\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without"
    r"|nicht|kein\w*|nie|niemand|ohne|pas|jamais|aucun)\b"
    r"|n['’]t\b|[不没沒無无未]|ない|ません|なかった|ไม่|(?<!\w)(?:لا|لم|لن|ليس|ليست|غير)(?!\w)"
)


def numbers(text: str) -> frozenset[Fraction]:
    """The values of a text's numbers: 1,250 and 1250 are one, and so are 0.5 and 1/2, forty-two and 42, 十五 and 15.

    "one" and "一" are left out, as they mostly are articles.
    """
    found: set[Fraction] = set()
    for pattern, value in READERS.items():
        found.update(value(match[0]) for match in _pattern(pattern).finditer(text))
    return frozenset(found)


def valued(text: str) -> str:
    """The text with each number written as its value, in digits: "forty-two", "42.0" and "42" become "42"."""
    for pattern, value in READERS.items():
        form = " {} " if pattern == CHINESE else "{}"  # 3十 does not become 310
        text = _pattern(pattern).sub(partial(_written, form, value), text)
    return text


def without_numbers(text: str) -> str:
    """The text with each number that `numbers` reads replaced by a space."""
    for pattern in READERS:
        text = _pattern(pattern).sub(" ", text)
    return text


def negations(text: str) -> int:
    """How many negating words, or characters of scripts without spaces, a text has."""
    return len(_pattern(NOT).findall(text))


def _value(number: str) -> Fraction:
    if number[-1].isalpha():  # 3 million
        digits, scale = number.lower().rsplit(maxsplit=1)
        return _value(digits) * SCALES[scale]
    above, _, below = _point(number).replace("−", "-").partition("/")
    whole, _, mixed = above.strip().partition(" ")
    if mixed:  # 2 2/3
        part = Fraction(int(mixed), int(below))
        return Fraction(whole) + (-part if whole.startswith("-") else part)
    # An exponent of thousands of digits would make a number that fills the memory.
    mantissa, _, exponent = whole.lower().partition("e")
    power = max(-400, min(400, int(exponent or 0)))
    return Fraction(mantissa) * Fraction(10) ** power / int(below or 1)


def _point(number: str) -> str:
    """Without the commas between thousands, and with a point for a decimal comma: 1,250 is 1250, 3,5 is 3.5."""
    return re.sub(r",(?=\d{1,2}(?!\d))", ".", number).replace(",", "")


def _written(form: str, value: Callable[[str], Fraction], match: re.Match[str]) -> str:
    return form.format(value(match[0]))


READERS: dict[str, Callable[[str], Fraction]] = {DECIMAL: _value, ENGLISH: english, CHINESE: chinese}
"""Pattern of a way to write numbers → the value of what it finds."""


@cache
def _pattern(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.VERSION1)
