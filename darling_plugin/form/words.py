"""The words of a text as its script has them.

A text in a script without spaces is not one word: each Chinese or Japanese character is a word, and so is each Thai,
Lao, Khmer or Burmese consonant with its marks. In other scripts a word is a run of letters, digits and marks.
Punctuation is no word; operators are, and so are brackets beside them. A number is its value: 1,250 and 1250 are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from darling_plugin.errors import InputError
from darling_plugin.form.plain import unwrapped

Segmentation = Literal["form", "authors"]
SEGMENTATIONS = ("form", "authors")

SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
WORD = (
    rf"(?<![[\w)]--[{SPACELESS}]])-?\d+(?:\.\d+)*(?:e[+-]?\d+)?"  # a sign belongs to a number that follows no other
    rf"|[{SPACELESS}]\p{{M}}*"
    rf"|(?:(?![{SPACELESS}])[\p{{L}}\p{{N}}\p{{M}}_])+(?:['’](?:(?![{SPACELESS}])[\p{{L}}\p{{N}}])+)*[#+]*"
    r"|(?<=\d)!|[-+*/=<>^%!&|~×÷√]"
    r"|[(){}\[\]]|(?<=\w)['′](?=\()"
    r"|[€£¥₹]|\p{So}"  # a currency other than LaTeX's sign; emoji
)
OPERATORS = frozenset("+*/=<>^%&|~×÷√")
BRACKETS = frozenset("(){}[]")


def words(text: str, segmentation: str = "form") -> list[str]:
    """The words of a text; an empty text has none.

    Args:
        segmentation: "form", case-folded and without wrapping; or "authors", what whitespace separates, case kept:
            the same number of words in a plain English sentence, one word in a Chinese one.
    """
    if segmentation == "authors":
        return text.split()
    if segmentation != "form":
        raise InputError(f"`words` must be one of {', '.join(SEGMENTATIONS)}; got {segmentation!r}")
    return words_of(unwrapped(text))


def words_of(bare: str) -> list[str]:
    """The words of a text that is unwrapped already."""
    found = _word().findall(bare.casefold())
    calculates = not OPERATORS.isdisjoint(found)
    kept = [word for k, word in enumerate(found) if _counts(found, k, calculates)]
    return [_number(word) if word[-1:].isdigit() and word[0] in "-0123456789" else word for word in kept]


def length_in_words(found: Sequence[str]) -> float:
    """The number of words, two characters of a script without spaces counted as one: about what a dictionary says."""
    characters = sum(1 for word in found if _spaceless().match(word))
    return len(found) - characters / 2


def _counts(found: list[str], k: int, calculates: bool) -> bool:
    """Whether found[k] is a word: brackets, dashes and exclamation marks of prose are punctuation."""
    word, following = found[k], found[k + 1 : k + 2]
    if word in BRACKETS:
        return calculates
    if word == "-":
        return bool(following) and (following[0][0].isdigit() or len(following[0]) == 1)
    if word == "!":
        after_number = k > 0 and found[k - 1][-1].isdigit()
        return after_number or (bool(following) and following[0] == "=")
    return True


def _number(word: str) -> str:
    """The number without what does not change its value: 007 is 7, 42.0 is 42. Digits are kept, however many."""
    whole, point, rest = word.lstrip("-").partition(".")
    if (not point and not whole.isdigit()) or (point and not rest.isdigit()):  # 1e5; a date, a version
        return word
    value = (whole.lstrip("0") or "0") + (f".{part}" if (part := rest.rstrip("0")) else "")
    return f"-{value}" if word.startswith("-") and value != "0" else value


@cache
def _word() -> Any:
    import regex

    return regex.compile(WORD, regex.VERSION1)


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(rf"[{SPACELESS}]", regex.VERSION1)
