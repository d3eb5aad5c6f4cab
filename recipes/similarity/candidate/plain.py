"""A text without its wrapping: what formatting and politeness add, and a policy must not be paid for.

Gone are Unicode's variants (NFKC), Markdown's headings, bullets, emphasis and fences, LaTeX's dollar signs and \\boxed,
quotation marks around the whole, and phrases of courtesy before and after ("Sure! Here is a haiku:", "I hope this
helps!", "The answer is"). Words, numbers, operators and their order stay.
"""

from __future__ import annotations

import unicodedata

import regex

_LINE_START = regex.compile(r"(?m)^[ \t]*(?:#{1,6}[ \t]+|[-*+•][ \t]+|\d{1,2}[.)][ \t]+(?=\p{L}|\*)|>[ \t]?)+")
_INLINE_NUMBER = regex.compile(r"(?:^|(?<=[.!?;:]\s))\d{1,2}[.)]\s+(?=\p{L})")  # "1. Wash the rice. 2. Add water."
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_FENCE = regex.compile(r"(?m)^[ \t]*(?:```|~~~)[\w+-]*[ \t]*$")
_INLINE_CODE = regex.compile(r"`([^`\n]+)`")
_EMPHASIS = regex.compile(r"(\*{1,3}|(?<!\w)_{1,3})(?=\S)([^\n]*?\S)\1(?!\w)")
_RULE = regex.compile(r"(?m)^[ \t]*(?:[-*_=][ \t]*){3,}$")
_BOXED = regex.compile(r"\\(?:boxed|text|mathrm|mathbf|textbf)\s*(\{((?:[^{}]|(?1))*)\})")
_FRACTION = regex.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_MATH = regex.compile(r"\$\$?([^$\n]{1,200})\$\$?|\\[(\[](.{1,200}?)\\[)\]]", regex.DOTALL)
_QUOTED = regex.compile(r"^[\"'“”„«»「『](.*)[\"'“”«»」』]$", regex.DOTALL)
_BEFORE = regex.compile(
    r"^\s*(?:(?:sure|certainly|of course|absolutely|great question|okay|ok|well)(?:[!,.:]+\s*|\s*$))?"
    r"(?:(?:here(?:['’]s| is| are| you go)\b[^:.!?\n]{0,80}[:!]\s*)|"
    r"(?:#+\s*)?(?:the\s+)?(?:final\s+|correct\s+|short\s+)?answer\s*(?:is\b:?|:|\n)\s*)?",
    regex.IGNORECASE,
)
_AFTER = regex.compile(
    r"\s*(?:i hope (?:this|that|it) helps|let me know if[^.!?\n]{0,80}|feel free to[^.!?\n]{0,80}|"
    r"happy to help[^.!?\n]{0,40})[.!]*\s*$",
    regex.IGNORECASE,
)


def plain(text: str) -> str:
    """The text without wrapping, case kept; a text that is nothing but wrapping gives itself, NFKC-normalized."""
    whole = unicodedata.normalize("NFKC", text).replace("\u0640", "")
    found = _MATH.sub(lambda m: m[1] if m[1] is not None else m[2], whole) if _is_math(whole) else whole
    for _ in range(2):  # \boxed{\text{…}}
        found = _BOXED.sub(r"\2", found)
    found = _FRACTION.sub(r"\1/\2", found)
    found = _FENCE.sub("", found)
    found = _RULE.sub("", found)
    found = _LINE_START.sub("", found)
    found = _THOUSANDS.sub("", _INLINE_NUMBER.sub("", found))
    found = _EMPHASIS.sub(r"\2", found)
    found = _INLINE_CODE.sub(r"\1", found).strip()
    found = _AFTER.sub("", _BEFORE.sub("", found, count=1)).strip()
    found = _QUOTED.sub(r"\1", found).strip()
    return found or whole.strip()


def _is_math(text: str) -> bool:
    """Whether dollar signs stand in pairs around something that is no price."""
    return "\\" in text or bool(regex.search(r"\$(?!\d[\d,. ]*(?:\s|$))[^$\n]+\$", text))
