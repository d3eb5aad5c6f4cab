"""Numbers written as words, as values: forty-two, two hundred, three million, two thirds; 十五, 三百二十.

"one" and "一" alone are left out, as they mostly are articles. `facts.py` reads digits, and "3 million" by SCALES.
"""

from __future__ import annotations

import re
from fractions import Fraction

SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10,
}  # fmt: skip
VALUES = {word: k for k, word in enumerate(SMALL)} | {word: 10 * k for k, word in enumerate(TENS, 2)} | {"a": 1}

_UNIT = "|".join(SMALL[1:10])
_BELOW = rf"(?:(?:{'|'.join(TENS)})(?:[\s-]+(?:{_UNIT})\b)?|{'|'.join(sorted(SMALL, key=len, reverse=True))})"
_SCALE = rf"(?:{'|'.join(SCALES)})\b"
_GROUP = rf"(?:(?:{_BELOW}|a)[\s-]+hundred\b(?:[\s-]+(?:and\s+)?{_BELOW}\b)?|{_BELOW}\b|a(?=[\s-]+{_SCALE}))"
_PART = "|".join(PARTS)
_PARTS = rf"(?:one[\s-]+(?:{_PART})|(?:{_UNIT})[\s-]+(?:halves|(?:{_PART})s))\b"
ENGLISH = (
    rf"(?i)\b(?=[aefnostz])(?!one\b(?![\s-]+(?:hundred|{_PART}|{'|'.join(SCALES)})\b))"
    rf"(?:{_PARTS}|(?:{_GROUP}[\s-]+{_SCALE}(?:,?\s+(?:and\s+)?))*{_GROUP}(?:[\s-]+{_SCALE})?)"
)
CHINESE = r"[零一二三四五六七八九十百千两]*[二三四五六七八九十百千两][零一二三四五六七八九十百千两]*"
DIGITS = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}


def english(numeral: str) -> Fraction:
    """Of what ENGLISH finds: two thousand and five = 2005, three quarters = 3/4."""
    words = re.findall(r"[a-z]+", numeral.lower())
    if (part := PARTS.get(words[-1]) or PARTS.get(words[-1].removesuffix("s"))) is not None:
        return Fraction(VALUES[words[0]], part)
    total, group = 0, 0
    for word in words:
        if word == "hundred":
            group *= 100
        elif word in SCALES:
            total, group = total + group * SCALES[word], 0
        elif word != "and":
            group += VALUES[word]
    return Fraction(total + group)


def chinese(numeral: str) -> Fraction:
    """Of what CHINESE finds: 十五 = 15, 五十 = 50, 三百二十 = 320."""
    total, digit = 0, 0
    for character in numeral:
        if character in UNITS:
            total += (digit or 1) * UNITS[character]
            digit = 0
        else:
            digit = DIGITS[character]
    return Fraction(total + digit)
