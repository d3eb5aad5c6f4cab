"""What two responses share in words: cheap evidence beside the encoder, which reads topics better than details.

Responses to one prompt share their topic, so an encoder finds nearly all of them close. What sets them apart is the
rare: names, numbers, the words that few texts have. A response is read once (`Reader.read`), a pair is a few set
operations on two readings (`compare`), symmetric in the two.

Chosen on the 1,000 labelled pairs of NoveltyBench (arXiv 2504.05228), cross-validated by prompt, among thirty features
of this kind; only those that a longer common part can never lower were kept, since a policy is rewarded for what
this judge calls distinct. docs/classifier.md has the figures.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darling_plugin.errors import ConfigError

FILE = "words.json"
FEATURES = ("rare_words", "names", "length")
WORD = re.compile(r"\w+(?:['’]\w+)*")
RARITY = 3  # the power of a word's information that it counts with
MIN_TEXTS = 2  # a word of fewer texts is not worth a row in the table
MAX_CHARACTERS = 20_000  # of a text that are read


@dataclass(frozen=True, slots=True)
class Wording:
    """One response, read."""

    words: frozenset[str]
    names: frozenset[str]
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
        total, counts = 0, Counter[str]()
        for text in texts:
            total += 1
            counts.update(set(_words(text)))
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

    def read(self, text: str) -> Wording:
        text = text[:MAX_CHARACTERS]
        words = _words(text)
        return Wording(
            words=frozenset(words),
            # A capital inside a sentence or at its start: names and headings, in languages that have capitals.
            names=frozenset(word.casefold() for word in WORD.findall(text) if word[0].isupper() and len(word) > 1),
            length=len(words),
        )

    def compare(self, a: Wording, b: Wording) -> np.ndarray:
        """One row of `FEATURES`, each in [0, 1], 1 for the same text; shape (3,)."""
        return np.array(
            [
                self._overlap(a.words, b.words, RARITY),
                self._overlap(a.names, b.names, 1),
                _share(min(a.length, b.length), max(a.length, b.length)),
            ]
        )

    def _overlap(self, a: frozenset[str], b: frozenset[str], power: int) -> float:
        """Weighted Jaccard: Σ w over a ∩ b / Σ w over a ∪ b, w = (log of 1 + texts / texts with the word)^power."""
        shared = sum(self._information(word) ** power for word in a & b)
        return _share(shared, shared + sum(self._information(word) ** power for word in a ^ b))

    def _information(self, word: str) -> float:
        return math.log1p(self.texts / self.counts.get(word, 1)) if self.texts else 1.0


def _words(text: str) -> list[str]:
    return [word.casefold() for word in WORD.findall(text[:MAX_CHARACTERS])]


def _share(part: float, whole: float) -> float:
    """part / whole; two texts that both lack a thing do not differ in it."""
    return part / whole if whole else 1.0
