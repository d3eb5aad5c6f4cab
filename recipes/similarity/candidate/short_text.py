"""Words as their script has them, and the verdict on two short texts where form alone settles it.

A text in a script without spaces is not one word: each Chinese or Japanese character is a word, each Thai, Lao, Khmer
or Burmese syllable-like cluster is. Wrapping, case, punctuation and Unicode's variants do not count (`plain`).

    "Paris", "Paris.", "**Paris**", "The answer: Paris"      equivalent
    "42", "43"                                               distinct: another number
    "It is safe", "It is not safe"                           distinct: one of them is negated
    "a sofa", "couch"                                        None: the classifier is asked
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import regex

from recipes.similarity.candidate.exact import negations, numbers
from recipes.similarity.candidate.plain import plain

MAX_WORDS = 5
MAX_CHARACTERS = 80

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
WORD = regex.compile(
    r"[+-]?\d+(?:,\d{3})+(?:\.\d+)?(?![\d,])"  # 1,250
    r"|(?<![\w)])-?\d+(?:[.,]\d+)*"
    rf"|[{_SPACELESS}]\p{{M}}*"
    rf"|(?:(?![{_SPACELESS}])[\p{{L}}\p{{N}}\p{{M}}_])+(?:['’](?:(?![{_SPACELESS}])[\p{{L}}\p{{N}}])+)*[#+]*"
    r"|[-+*/=<>^%!&|~]"
    r"|\p{So}",  # emoji
    regex.VERSION1,
)
_ARTICLES = frozenset({"a", "an", "the"})
_NO_WORDS = frozenset("!-")  # as punctuation at the end of a text or between words


@dataclass(frozen=True, slots=True)
class Short:
    """A short text, read: its content words in order, the values of its numbers, how often it negates."""

    words: tuple[str, ...]
    numbers: frozenset[str]
    negations: int


def words(text: str) -> list[str]:
    """The words of a text, case-folded, wrapping left out; operators between numbers and letters are words too.

    A number is written as its value ("1,250" is "1250", "007" is "7"). An empty text has none.
    """
    found = WORD.findall(plain(text).casefold())
    return [_number(word) if word[-1:].isdigit() else word for k, word in enumerate(found) if _counts(found, k)]


@lru_cache(maxsize=65_536)
def read_short(text: str) -> Short | None:
    """The text, read, or None where it is longer than MAX_WORDS words or MAX_CHARACTERS characters."""
    if len(text) > 4 * MAX_CHARACTERS or len(bare := plain(text)) > MAX_CHARACTERS:
        return None
    found = words(text)
    spaced = len(found) - sum(1 for word in found if regex.fullmatch(rf"[{_SPACELESS}]\p{{M}}*", word))
    if spaced + (len(found) - spaced) / 2 > MAX_WORDS:  # two Chinese characters are about one word
        return None
    content = tuple(
        w for w, after in zip(found, [*found[1:], ""], strict=False) if w not in _ARTICLES or not after[1:].isalpha()
    )
    return Short(content or tuple(found), numbers(bare), negations(bare))


def decide(a: Short, b: Short) -> bool | None:
    """True: the same words. False: another number, or a negation more or less. None: form does not settle it."""
    if a.words == b.words:
        return True
    if a.numbers and b.numbers and a.numbers - b.numbers and b.numbers - a.numbers:
        return False
    if a.negations % 2 != b.negations % 2:
        rest = set(a.words) & set(b.words)
        if 2 * len(rest) >= min(len(a.words), len(b.words)):
            return False
    return None


def _counts(found: list[str], k: int) -> bool:
    """Whether found[k] is a word; a dash between letters and an exclamation mark after them are punctuation."""
    if found[k] not in _NO_WORDS:
        return True
    following = found[k + 1 : k + 2]
    return bool(following) and (following[0][0].isdigit() or following[0] == "=" or len(following[0]) == 1)


def _number(word: str) -> str:
    try:
        value = float(word.replace(",", ""))
    except ValueError:
        return word
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else str(value)
