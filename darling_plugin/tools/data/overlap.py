"""Training items that overlap an evaluation item: their questions would be known before they are asked.

Two texts overlap when the runs of `n` words that both contain cover at least `share` of the words of the shorter one.

    evaluation  find the sum of all positive integers n such that n plus 2 divides the product 3 times n plus 3 …
    training    let us find the sum of all positive integers n such that n plus 2 divides the product 3 times …

n = 8 words and half of the text are Tülu 3's (arXiv 2411.15124, section 3.2), with two differences: there, the covered
share is the evaluation text's, here the shorter one's, so that a problem counts too that is a part of another. A share
of 0 is GPT-3's rule, one common run being enough (arXiv 2005.14165, appendix C: n = 13, or 8 where texts are short).
Math problems share so much wording ("can be written as m/n, where m and n are relatively prime positive integers. Find
m + n") that one common run proves little; covering half of the problem does.

A text of fewer than n words has no such run. It overlaps a text that is equal to it but for looks, and nothing else.
Paraphrases and translations are not found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from darling_plugin.errors import ConfigError
from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.text_normalization import key, words

WORDS = 8
SHARE = 0.5


class Match(NamedTuple):
    """The evaluation item that a text overlaps most: its set, its id, the covered share of the shorter text, and which
    of the item's wordings it was."""

    source: str
    id: str
    share: float
    text: str


class Overlap:
    """An index of the evaluation items; `match` asks it about one training text.

    Args:
        evaluation: (name of the set, item), with all other wordings.
        n: words of a run, at least 1.
        share: 0 to 1.
    """

    def __init__(self, evaluation: Iterable[tuple[str, Item]], n: int = WORDS, share: float = SHARE) -> None:
        if n < 1:
            raise ConfigError(f"overlap: got n-grams of {n} words, expected at least 1")
        if not 0 <= share <= 1:
            raise ConfigError(
                f"overlap: got a share of {share}, expected 0 (one common n-gram is enough) to 1 (all words)"
            )
        self._n, self._share = n, share
        self._texts: list[tuple[str, str, str, int]] = []  # set, id, wording, how many words
        self._runs: defaultdict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)  # run → text, position
        self._keys: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        for source, item in evaluation:
            self._ids.setdefault(item.id, len(self._texts))
            for text in (item.text, *item.other_wordings):
                self._add(source, item, text)

    @property
    def empty(self) -> bool:
        return not self._texts

    def match(self, item: Item) -> Match | None:
        """The evaluation item that `item` overlaps most, or None. An item of the same id is that item."""
        same = self._ids.get(item.id, self._keys.get(key(item.text)))
        if same is not None:
            return self._found(same, 1.0)
        spoken = words(item.text)
        covered: defaultdict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
        for start, run in enumerate(_runs(spoken, self._n)):
            for number, position in self._runs.get(run, ()):
                here, there = covered[number]
                here.update(range(start, start + self._n))
                there.update(range(position, position + self._n))
        best, share = None, 0.0
        for number, (here, there) in covered.items():
            length = self._texts[number][3]
            this = len(here) / len(spoken) if len(spoken) <= length else len(there) / length
            if this > share:
                best, share = number, this
        return None if best is None or share < self._share else self._found(best, share)

    def _add(self, source: str, item: Item, text: str) -> None:
        spoken = words(text)
        number = len(self._texts)
        self._texts.append((source, item.id, text, len(spoken)))
        self._keys.setdefault(key(text), number)
        for position, run in enumerate(_runs(spoken, self._n)):
            self._runs[run].append((number, position))

    def _found(self, number: int, share: float) -> Match:
        source, identity, text, _ = self._texts[number]
        return Match(source, identity, share, text)


def _runs(spoken: list[str], n: int) -> Iterable[tuple[str, ...]]:
    return (tuple(spoken[start : start + n]) for start in range(len(spoken) - n + 1))
