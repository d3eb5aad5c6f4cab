"""Facts that can be read off a text exactly: its numbers, its final answer, whether it negates.

Each feature of a pair is 0 or 1, and 1 only when *both* texts assert something and the assertions exclude each other,
so that adding a number, a name or a sentence to one of them does not set it. Weights are negative by construction.
"""

from __future__ import annotations

import regex

SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_DIGITS = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = regex.compile(r"[零一二三四五六七八九十百千两]*[二三四五六七八九十百千两][零一二三四五六七八九十百千两]*")
_DECIMAL = regex.compile(r"(?<![\w.,])[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:\s?/\s?\d+)?")
_WORDS = regex.compile(rf"\b(?:{'|'.join(SMALL[2:])})\b", regex.IGNORECASE)
_NOT = regex.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|nicht|kein\w*|nie|niemand|ohne|pas|jamais|aucun)\b"
    r"|n['’]t\b|[不没沒无無未]|ない|ません|なかった|ไม่|(?<!\w)(?:لا|لم|لن|ليس|ليست|غير)(?!\w)",
    regex.IGNORECASE,
)
_FINAL = (
    regex.compile(r"\\boxed\s*\{([^{}]{1,40})\}"),
    regex.compile(r"####\s*([^\n]{1,40})"),
    regex.compile(r"\b(?:answer|result)\s*(?:is|:|=|equals)\s*:?\s*\**\$?([^\n]{1,30})", regex.IGNORECASE),
    regex.compile(r"(?:答案|答え)[是为為は:：]*\s*([^\n。]{1,20})"),
)

_CONCLUDES = regex.compile(
    r"(?:[=≈]|\b(?:is|are|so|get|gets|needs?|gives?|makes?|equals?|totals?|costs?|takes?|has|have|probability)\b)"
    r"[ \t]*(?:[a-z]+[ \t]+){0,2}\**[$€]?(-?\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?)(?![\d.,]*\s*[-+*/=×])",
    regex.IGNORECASE,
)


def numbers(text: str) -> frozenset[str]:
    """Values of the numbers in a text: "1,250" and "1250" are one, and so are "three" and "3", "十五" and "15".

    "one" and "一" are left out: they mostly are articles.
    """
    found = {_value(match.group()) for match in _DECIMAL.finditer(text)}
    found |= {str(SMALL.index(match.group().lower())) for match in _WORDS.finditer(text)}
    found |= {str(_chinese(match.group())) for match in _CHINESE.finditer(text)}
    return frozenset(found)


def stated_answer(text: str) -> str | None:
    """The number that a text states as its answer: boxed, after "####", after "the answer is"; None without one."""
    for pattern in _FINAL:
        for said in reversed(pattern.findall(text)):
            if own := list(_DECIMAL.finditer(said)):
                return _value(own[0].group())
    return None


def concluded(text: str) -> str | None:
    """The stated answer, else the last number that follows "=", "is", "need", "makes" or the like; None without one.

    A number in passing ("as of 2024") concludes nothing, so that adding one changes no verdict.
    """
    own = [_value(number) for number in _CONCLUDES.findall(text)]
    return stated_answer(text) or (own[-1] if own else None)


def negations(text: str) -> int:
    """How many negating words, or characters of scripts without spaces, a text has."""
    return len(_NOT.findall(text))


def _value(number: str) -> str:
    number = number.replace(",", "").replace("−", "-").replace(" ", "")
    if "/" in number:
        return number
    value = float(number)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else str(value)


def _chinese(numeral: str) -> int:
    """十五 = 15, 五十 = 50, 三百二十 = 320."""
    total, digit = 0, 0
    for character in numeral:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit
