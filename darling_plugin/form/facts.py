"""Facts that can be read off a short text exactly: the numbers that it states, and whether it negates."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

from darling_plugin.form.words import SPACELESS

SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
]  # fmt: skip
DIGITS = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
CHINESE = r"[零一二三四五六七八九十百千两]*[二三四五六七八九十百千两][零一二三四五六七八九十百千两]*"
DECIMAL = (
    rf"(?<![[\w.,]--[{SPACELESS}]])[-−]?\d+(?:,\d{{3}})*(?:\.\d+)?(?:[eE][+-]?\d+)?"
    r"(?:\s?/\s?[1-9]\d*|\s\d+/[1-9]\d*)?"  # a fraction; a mixed number
)
NOT = (
    r"(?i)\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without"
    r"|nicht|kein\w*|nie|niemand|ohne|pas|jamais|aucun)\b"
    r"|n['’]t\b|[不没沒無无未]|ない|ません|なかった|ไม่|(?<!\w)(?:لا|لم|لن|ليس|ليست|غير)(?!\w)"
)


def numbers(text: str) -> frozenset[Fraction]:
    """The values of a text's numbers: 1,250 and 1250 are one, and so are 0.5 and 1/2, three and 3, 十五 and 15.

    "one" and "一" are left out, as they mostly are articles.
    """
    found = {_value(match[0]) for match in _pattern(DECIMAL).finditer(text)}
    found |= {Fraction(SMALL.index(match[0].lower())) for match in _pattern(_small()).finditer(text)}
    found |= {Fraction(_chinese(match[0])) for match in _pattern(CHINESE).finditer(text)}
    return frozenset(found)


def without_numbers(text: str) -> str:
    """The text with each number that `numbers` reads replaced by a space."""
    for pattern in (DECIMAL, _small(), CHINESE):
        text = _pattern(pattern).sub(" ", text)
    return text


def negations(text: str) -> int:
    """How many negating words, or characters of scripts without spaces, a text has."""
    return len(_pattern(NOT).findall(text))


def _small() -> str:
    return rf"(?i)\b(?:{'|'.join(SMALL[:1] + SMALL[2:])})\b"


def _value(number: str) -> Fraction:
    above, _, below = number.replace(",", "").replace("−", "-").partition("/")
    whole, _, mixed = above.strip().partition(" ")
    if mixed:  # 2 2/3
        part = Fraction(int(mixed), int(below))
        return Fraction(whole) + (-part if whole.startswith("-") else part)
    # An exponent of thousands of digits would make a number that fills the memory.
    mantissa, _, exponent = whole.lower().partition("e")
    power = max(-400, min(400, int(exponent or 0)))
    return Fraction(mantissa) * Fraction(10) ** power / int(below or 1)


def _chinese(numeral: str) -> int:
    """十五 = 15, 五十 = 50, 三百二十 = 320."""
    total, digit = 0, 0
    for character in numeral:
        if character in UNITS:
            total += (digit or 1) * UNITS[character]
            digit = 0
        else:
            digit = DIGITS[character]
    return total + digit


@cache
def _pattern(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.VERSION1)
