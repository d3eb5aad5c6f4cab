"""What is compared of two responses beside their encodings, read once per response and kept as numbers.

A word, a number or a step of a program is a code of 31 bits; two of 3,000 different ones share a code in one group of
500. Facts are exact: they see what an encoder of topics misses (43 for 42, "not", a renamed variable), and ignore what
wrapping, case and layout change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from darling_plugin.form.facts import negations, numbers
from darling_plugin.form.plain import plain
from darling_plugin.form.words import words_of
from darling_plugin.similarity.classifier.answers import concluded_answer, stated_answer
from darling_plugin.similarity.classifier.lexical_features import MAX_CHARACTERS, NUMBERS, Reader
from darling_plugin.similarity.classifier.program import program_form

STATES = 160  # words; up to here a text's numbers count, and its last equation is its answer
PLAIN = 15  # words; in a longer text 0, 1 and 2 mostly are parts of formulas, and don't count
NAME = r"\b\p{Lu}[\p{L}\p{M}]+"  # names, and words that open sentences and headings
AUXILIARY_WORDS = (
    "a an the is are was were be do does did can could will would should must may might has have had to of it that i "
    "you yes not no never none cannot don doesn didn isn aren wasn won t s 不 没 是 ない"
)
AUXILIARY = frozenset(AUXILIARY_WORDS.split())


class Facts(NamedTuple):
    """Of one text. Codes are above 0; 0 stands for "none".

    unreadable: 1 where the encoder cannot read its script. words: how many. negations: how many, of a text of at most
    STATES words. same: a digest of the words in their order. program: a digest of its code's form. stated, concluded:
    codes of the number that it gives as its answer. content: its distinct words but for auxiliaries, 2 · code, plus 1
    for a name, and of an unreadable text each two neighbors too. numbers, steps: codes. All codes are sorted.
    """

    unreadable: int
    words: int
    negations: int
    same: int
    program: int
    stated: int
    concluded: int
    content: np.ndarray
    numbers: np.ndarray
    steps: np.ndarray


class FactReader:
    """Reads texts.

    Args:
        table: how rare each word is.
    """

    def __init__(self, table: Reader):
        self.table = table

    @classmethod
    def load(cls, folder: Path) -> FactReader:
        """Raises `ConfigError` where the folder's table of words is absent or damaged."""
        return cls(Reader.load(folder))

    def read(self, text: str, *, unreadable: bool = False, bare: str | None = None) -> Facts:
        """Of the text's first 20,000 characters.

        unreadable: whether the encoder lacks most of them. bare: `plain(text)`, where the caller has it already.
        """
        raw = text[:MAX_CHARACTERS]
        if bare is None or len(text) > MAX_CHARACTERS:
            bare = plain(raw)
        found = words_of(bare)
        short = len(found) <= STATES
        form = program_form(raw)
        return Facts(
            unreadable=int(unreadable),
            words=len(found),
            negations=negations(bare) if short else 0,
            same=_digest(found),
            program=_digest(form) if form else 0,
            stated=_code(stated_answer(raw)),
            concluded=_code(concluded_answer(raw)) if short else 0,
            content=self._content([*found, *map("".join, pairwise(found))] if unreadable else found, bare),
            numbers=_sorted(_numbers(bare, len(found))) if short else _sorted(()),
            steps=_sorted(_steps(form)) if form else _sorted(()),
        )

    def _content(self, found: list[str], bare: str) -> np.ndarray:
        names = {word.casefold() for word in _names(bare)}
        return _sorted(2 * self.table.number(word) + (word in names) for word in set(found) - AUXILIARY)


def count_words(texts: Iterable[str]) -> Reader:
    """The table of words of so many texts."""
    return Reader.of_words(set(words_of(plain(text[:MAX_CHARACTERS]))) for text in texts)


def _numbers(bare: str, words: int) -> list[int]:
    return [_code(number) for number in numbers(bare) if words <= PLAIN or number not in (0, 1, 2)]


def _steps(form: tuple[str, ...]) -> list[int]:
    """Codes of the neighboring tokens of a program, the second of two equal ones another than the first."""
    seen = Counter[tuple[str, str]]()
    codes = []
    for pair in pairwise(("", *form)):
        seen[pair] += 1
        codes.append(_code((*pair, seen[pair])))
    return codes


def _code(value: object) -> int:
    return 0 if value is None else 1 + crc32(str(value).encode("utf-8", "surrogatepass")) % (NUMBERS - 1)


def _digest(words: Iterable[str]) -> int:
    joined = "\x1f".join(words).encode("utf-8", "surrogatepass")
    return 1 + int.from_bytes(blake2b(joined, digest_size=7).digest(), "little")


def _sorted(codes: Iterable[int]) -> np.ndarray:
    return np.array(sorted(set(codes)), dtype=np.uint32)


def _names(text: str) -> list[str]:
    import regex

    found: list[str] = regex.findall(NAME, text)
    return found
