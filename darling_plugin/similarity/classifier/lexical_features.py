"""What two responses share in words: cheap evidence beside the encoder, which reads topics better than details.

Responses to one prompt share their topic, so an encoder finds nearly all of them close. What sets them apart is the
rare: names, numbers, the words that few texts have. A response is read once, where its encoding is made, into one
number per distinct word (`Reader.read`); all pairs of a group are then one product of matrices (`Reader.shares`),
symmetric in the two.

Chosen on the 1,000 labeled pairs of NoveltyBench (arXiv 2504.05228), cross-validated by prompt, among thirty features
of this kind; only those that a longer common part can never lower were kept, since a policy is rewarded for what
this similarity calls distinct. docs/classifier.md has the figures.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.overlap import Overlap

FILE = "words.json"
FEATURES = ("rare_words", "names", "length")
WORD = re.compile(r"\w+(?:['’]\w+)*")
RARITY = 3  # the power of a word's information that it counts with
MIN_TEXTS = 2  # a word of fewer texts is not worth a row in the table
MAX_CHARACTERS = 20_000  # of a text that are read
NUMBERS = 2**31  # of words; one bit of a code is left to say that the word is a name


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one response.

    codes: (distinct words,) uint32, 2 · number of the word, plus 1 where it is a name. A word of the table has its
    place as its number; any other a hash above those, in 31 bits: of 3,000 such words, two share a number in one group
    of 500. length: words in all.
    """

    codes: np.ndarray
    length: int


@dataclass(frozen=True)
class Reader:
    """Reads texts, and compares readings, knowing how rare each word is.

    Attributes:
        texts: how many texts the counts come from; 0 makes every word equally rare.
        counts: word -> number of those texts that have it. A word that is not there counts as in one of them.
    """

    texts: int
    counts: Mapping[str, int]

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Reader:
        return cls.of_words({word.casefold() for word in WORD.findall(text[:MAX_CHARACTERS])} for text in texts)

    @classmethod
    def of_words(cls, texts: Iterable[set[str]]) -> Reader:
        """The table of texts that are given by their words."""
        total, counts = 0, Counter[str]()
        for words in texts:
            total += 1
            counts.update(words)
        return cls(total, {word: count for word, count in sorted(counts.items()) if count >= MIN_TEXTS})

    @classmethod
    def load(cls, folder: Path) -> Reader:
        """Raises `ConfigError` where the folder's table is absent or damaged."""
        try:
            stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(int(stored["texts"]), {str(word): int(count) for word, count in stored["counts"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{folder / FILE}, the classifier's table of words, cannot be read: {error}") from None

    def save(self, folder: Path) -> None:
        table = {"texts": self.texts, "counts": dict(self.counts)}
        (folder / FILE).write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")

    def read(self, text: str) -> Words:
        found = WORD.findall(text[:MAX_CHARACTERS])
        codes: dict[int, int] = {}
        for word in set(found):
            number = self.number(word.casefold())
            # A capital inside a sentence or at its start: names and headings, in languages that have capitals.
            codes[number] = codes.get(number, 0) | (word[0].isupper() and len(word) > 1)
        coded = np.fromiter((2 * number + name for number, name in codes.items()), dtype=np.uint32, count=len(codes))
        return Words(np.sort(coded), len(found))

    def shares(self, words: Sequence[Words]) -> np.ndarray:
        """[i, j] = one row of `FEATURES` for texts i and j, each in [0, 1], 1 for the same text; shape (n, n, 3)."""
        codes = [own.codes >> 1 for own in words]
        names = [own.codes[(own.codes & 1) == 1] >> 1 for own in words]
        length = np.array([own.length for own in words], dtype=np.float64)
        shortest, longest = np.minimum.outer(length, length), np.maximum.outer(length, length)
        return np.stack(
            [
                Overlap(codes).shares(lambda code: self.information_of(code) ** RARITY),
                Overlap(names).shares(self.information_of),
                np.divide(shortest, longest, out=np.ones_like(shortest), where=longest > 0),
            ],
            axis=-1,
        )

    def compare(self, a: Words, b: Words) -> np.ndarray:
        """One row of `FEATURES`; shape (3,)."""
        return np.asarray(self.shares([a, b])[0, 1])

    def information_of(self, numbers: np.ndarray) -> np.ndarray:
        """How much each word tells, in nats, by its number; one that is not in the table counts as in one text."""
        return np.asarray(self._information[np.minimum(numbers, len(self.counts))])

    def number(self, word: str) -> int:
        """The number of a case-folded word: its place in the table, or a hash above those."""
        known = self._place.get(word)
        if known is not None:
            return known
        return len(self.counts) + crc32(word.encode("utf-8", "surrogatepass")) % (NUMBERS - len(self.counts))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.counts)}

    @cached_property
    def _information(self) -> np.ndarray:
        """Of each word of the table, then of any other: log of 1 + texts / texts with the word."""
        with_it = [*self.counts.values(), 1]
        return np.array([math.log1p(self.texts / count) if self.texts else 1.0 for count in with_it])
