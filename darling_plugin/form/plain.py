"""A text without its wrapping: what formatting and courtesy add, and a policy must not be paid for.

    unwrapped   without Unicode's variants (NFKC), Markdown's headings, bullets, emphasis and fences, LaTeX's dollar
                signs, \\boxed and \\text, and quotation marks around the whole
    plain       and without phrases of courtesy: "Sure! Here is a haiku:", "The answer is", "I hope this helps!"

Words, numbers, operators and their order stay, and so does case. A text that is nothing but wrapping gives itself.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")

PATTERNS = {
    "superscript": r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+",
    "fraction": r"(?<=\d)(?=[¼½¾⅐-⅞])",
    "line_start": r"(?m)^[ \t]*(?:#{1,6}[ \t]+|[-*+•][ \t]+|\d{1,2}[.)][ \t]+(?=\p{L}|\*)|>[ \t]?)+",
    "inline_number": r"(?:^|(?<=[.!?;:]\s))\d{1,2}[.)]\s+(?=\p{L})",  # "1. Wash the rice. 2. Add water."
    "thousands": r"(?<=\d),(?=\d{3}(?:\D|$))",
    "fence": r"(?m)^[ \t]*(?:```|~~~)[\w+-]*[ \t]*$",
    "inline_code": r"`([^`\n]+)`",
    "emphasis": r"(?<![\w*])(\*{1,3}|_{1,3})(?=[^\s*_])([^\n]{0,200}?[^\s*_])\1(?![\w*])",
    "rule": r"(?m)^[ \t]*(?:[-*_=][ \t]*){3,}$",
    "tag": r"(?<!\S)</?[A-Za-z][\w-]{0,20}\s?/?>|</[A-Za-z][\w-]{0,20}>",  # of a type, vector<int>, stays
    "boxed": r"\\(?:boxed|text|mathrm|mathbf|textbf)\s*\{((?:[^{}]++|\{[^{}]*+\})*+)\}",
    "latex_fraction": r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}",
    "math": r"(?s)\$\$?([^$\n]{1,200})\$\$?|\\[(\[](.{1,200}?)\\[)\]]",
    "no_price": r"\$(?!\d[\d,. ]*(?:\s|$))[^$\n]+\$",  # dollar signs in pairs around something that is no price
    "only_number": r"^\s*\$([-+]?[\d.,]+)\$[.!]?\s*$",
    "quoted": r"(?s)^[\"'“”„«»「『]([^\"“”]*)[\"'“”«»」』]$",
    "before": (
        r"(?i)^\s*(?:(?:sure|certainly|of course|absolutely|great question|okay|ok|well)(?:[!,.:]+\s*|\s*$))?"
        r"(?:(?:here(?:['’]s| is| are| you go)\b[^:.!?\n]{0,80}[:!]\s*)|"
        r"(?:#+\s*)?(?:the\s+)?(?:final\s+|correct\s+|short\s+)?answer\s*(?:is\b:?|:|\n)\s*)?"
    ),
    "after": (
        r"(?i)\s*(?:i hope (?:this|that|it) helps|let me know if[^.!?\n]{0,80}|feel free to[^.!?\n]{0,80}|"
        r"happy to help[^.!?\n]{0,40})[.!]*\s*$"
    ),
}


def normalized(text: str) -> str:
    """NFKC, but an exponent stays one (10² is 10^2, not 102) and so does a mixed number (1½ is 1 1/2)."""
    if text.isascii():
        return text
    raised = _pattern("superscript").sub(lambda match: "^" + match[0].translate(SUPERSCRIPTS), text)
    spaced = _pattern("fraction").sub(" ", raised)
    # The Arabic tatweel only stretches a word; the fraction slash is what NFKC makes of ½.
    return unicodedata.normalize("NFKC", spaced).replace("\u0640", "").replace("\u2044", "/")


def unwrapped(text: str) -> str:
    """The text without what only formats it. An empty text gives an empty one."""
    whole = normalized(text)
    found = _without_math_signs(whole)
    for _ in range(2):  # \boxed{\text{…}}
        found = _pattern("boxed").sub(r"\1", found)
    # Numerators and denominators of several characters keep their brackets: 1/(x + 1) is not 1/x + 1.
    found = _pattern("latex_fraction").sub(lambda match: f"{_grouped(match[1])}/{_grouped(match[2])}", found)
    found = _pattern("tag").sub(" ", found)
    for name in ("fence", "rule", "line_start", "inline_number", "thousands"):
        found = _pattern(name).sub("", found)
    found = _pattern("emphasis").sub(r"\2", found)
    found = _pattern("inline_code").sub(r"\1", found).strip()
    found = _pattern("quoted").sub(r"\1", found).strip()
    return found or whole.strip()


def plain(text: str) -> str:
    """The text without what only formats it, and without phrases of courtesy before and after."""
    whole = unwrapped(text)
    bare = _pattern("after").sub("", _pattern("before").sub("", whole, count=1)).strip()
    return unwrapped(bare) if bare and bare != whole else whole


def _without_math_signs(text: str) -> str:
    if "\\" not in text and not _pattern("no_price").search(text):
        return _pattern("only_number").sub(r"\1", text)
    return _pattern("math").sub(lambda match: match[1] if match[1] is not None else match[2], text)


def _grouped(part: str) -> str:
    return part if part.isalnum() else f"({part})"


@cache
def _pattern(name: str) -> Any:
    # `regex` is imported with the first text: importing this package costs NumPy and nothing else.
    import regex

    return regex.compile(PATTERNS[name], regex.VERSION1)
