"""The rule `form`: the verdict on two texts where their form settles it, so that no similarity has to be asked.

At any length, texts that differ only in case, layout, Markdown and the punctuation at the end of a line are equivalent.
Two *short* texts, of at most five words in at most 80 characters, are

    equivalent      with the same words in the same order:  "Paris", "Paris.", "**Paris**", "The answer: Paris"
                    and the same numbers, however written:  "42", "forty-two";  "3/4 cup", "0.75 cup"
    distinct        with other numbers and else nothing that the other has not:  "42", "43 apples"
    distinct        where one is the other negated, or one says yes and the other no:  "It is safe", "It is not safe"

and the similarity decides the rest: "a sofa", "couch". Two characters of a script without spaces count as one word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from typing import Any

from darling_plugin.form.facts import negations, numbers, valued, without_numbers
from darling_plugin.form.plain import PATTERNS, normalized, plain
from darling_plugin.form.words import OPERATORS, length_in_words, words_of

MAX_WORDS = 5
MAX_CHARACTERS = 80
RAW_CHARACTERS = 4 * MAX_CHARACTERS  # a longer text is not short, whatever wraps it

ARTICLES = frozenset({"a", "an", "the"})
YES, NO = frozenset({"yes", "true", "correct"}), frozenset({"no", "false", "incorrect"})
CALCULATION = OPERATORS - {"="}

HEADING = r"(?m)^(?:#{1,6}|[-*•+>])[ \t]+"
ENDS = 256  # letters and digits
PART = 2048  # characters
NO_LETTER = bytes(code for code in range(128) if not chr(code).isalnum())
LINE_END = " \t\r.!?;:,…。？；：，、*_#`"


@dataclass(frozen=True, slots=True)
class Short:
    """A short text, read: its words without articles, numbers in digits; numbers, words beside them, negations."""

    words: tuple[str, ...]
    numbers: frozenset[Fraction]
    beside: frozenset[str]
    negations: int
    calculates: bool


@dataclass(frozen=True)
class Form:
    """A text, read. short: None for a longer text.

    surface: what is the same at any length. It takes a millisecond for a long text, so it is worked out only for two
    texts with the same `ends`.
    """

    text: str
    ends: tuple[str, str]
    short: Short | None

    @cached_property
    def surface(self) -> str:
        return surface(self.text)


class FormRule:
    """The rule above, as `core/rules.py` applies it."""

    name = "form"

    def read(self, texts: Sequence[str]) -> list[Form]:
        return [Form(text, ends(text), read_short(text) if len(text) <= RAW_CHARACTERS else None) for text in texts]

    def verdict(self, a: Form, b: Form) -> bool | None:
        if a.ends == b.ends and (a.text == b.text or a.surface == b.surface):
            return True
        return decide(a.short, b.short) if a.short is not None and b.short is not None else None


def surface(text: str) -> str:
    """The text without case, emphasis, headings, empty lines, and the layout and punctuation at the end of its lines.

    Indentation, order and everything within a line stay: two programs that differ in what a line is part of differ.
    """
    bare = _pattern(HEADING).sub("", _pattern(PATTERNS["emphasis"]).sub(r"\2", normalized(text)))
    lines = map(_without_end, bare.casefold().split("\n"))
    return "\n".join(line for line in lines if line).strip()


def ends(text: str) -> tuple[str, str]:
    """The text's first and last letters and digits, ENDS of each.

    `surface` keeps every letter and digit, so texts with one surface have the same ends. Only a part of a long text is
    looked at where that has letters enough.
    """
    if len(text) > 2 * PART:
        first, last = _letters(text[:PART]), _letters(text[-PART:])
        if min(len(first), len(last)) >= 2 * ENDS:  # what normalization makes of a cut lies beyond the ends
            return first[:ENDS], last[-ENDS:]
    whole = _letters(text)
    return whole[:ENDS], whole[-ENDS:]


def _letters(text: str) -> str:
    folded = normalized(text).casefold()
    if folded.isascii():
        return folded.encode().translate(None, NO_LETTER).decode()
    return "".join(filter(str.isalnum, folded))


def _without_end(line: str) -> str:
    kept = line.rstrip(LINE_END)
    return kept + "!" if kept[-1:].isdigit() and "!" in line[len(kept) :] else kept  # 5! is no 5


@lru_cache(maxsize=65_536)
def read_short(text: str) -> Short | None:
    """The text, read; None where it is longer than MAX_WORDS words or MAX_CHARACTERS characters."""
    bare = plain(text)
    if len(bare) > MAX_CHARACTERS:
        return None
    found = words_of(bare)
    if length_in_words(found) > MAX_WORDS:
        return None
    rest = words_of(without_numbers(bare))
    return Short(
        words=_without_articles(words_of(valued(bare))),
        numbers=numbers(bare),
        beside=frozenset(rest) - ARTICLES,
        negations=negations(bare),
        calculates=not CALCULATION.isdisjoint(rest),
    )


def decide(a: Short, b: Short) -> bool | None:
    """True: the same words. False: other numbers, or the opposite. None: form does not settle it."""
    if a.words == b.words:
        return True
    if _other_numbers(a, b) or _opposite(a, b):
        return False
    return None


def _other_numbers(a: Short, b: Short) -> bool:
    """Each states a number that the other does not, and one has no word, such as a unit, that the other lacks."""
    if a.calculates or b.calculates or not (a.numbers - b.numbers and b.numbers - a.numbers):
        return False
    return a.beside <= b.beside or b.beside <= a.beside


def _opposite(a: Short, b: Short) -> bool:
    first, second = set(a.words), set(b.words)
    if len(first) == len(second) == 1:
        return (first <= YES and second <= NO) or (first <= NO and second <= YES)
    shared = 2 * len(first & second) >= min(len(first), len(second)) > 0
    return shared and a.negations % 2 != b.negations % 2


def _without_articles(found: list[str]) -> tuple[str, ...]:
    """An article before a word is left out; "a" alone, or beside an operator, is a name."""
    kept = tuple(
        word
        for k, word in enumerate(found)
        if word not in ARTICLES or not found[k + 1 : k + 2] or len(found[k + 1]) < 2
    )
    return kept or tuple(found)


@cache
def _pattern(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.VERSION1)
