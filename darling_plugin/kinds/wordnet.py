"""WordNet 3.0's data files: synsets, what is a kind of what, and the synsets of a word.

WordNet (Miller 1995, "WordNet: a lexical database for English") groups words that mean the same into synsets and says
which synset is a kind of which. Its files come with Debian's package wordnet-base; `wndb(5WN)` describes them. They are
read where they are, and are no part of this package.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from darling_plugin.errors import MissingDependencyError

VARIABLE = "DARLING_WORDNET"
INSTALLED = Path("/usr/share/wordnet")
FILES = ("data.noun", "index.noun", "noun.exc", "cntlist.rev")


class Pointer(NamedTuple):
    """From a synset to another; source and goal: the words that are meant, counted from 1, or 0 for all of them."""

    symbol: str
    target: str
    source: int
    goal: int


class Synset(NamedTuple):
    """key: its place in the file. lexicographer: the file that it comes from, `05` for animals. gloss: as written."""

    key: str
    lexicographer: str
    words: tuple[str, ...]
    pointers: tuple[Pointer, ...]
    gloss: str


class Nouns(NamedTuple):
    """WordNet's nouns, words in lower case with `_` for a space.

    synsets: by key. senses: the keys of a word, the most frequent first. plurals: irregular ones → singulars.
    counts: how often the first sense of a word was tagged in WordNet's texts; words never tagged are missing.
    """

    synsets: dict[str, Synset]
    senses: dict[str, tuple[str, ...]]
    plurals: dict[str, tuple[str, ...]]
    counts: dict[str, int]

    def kinds_of(self, key: str) -> frozenset[str]:
        """The keys of everything that is a kind of this synset, at any depth, itself left out; instances are none."""
        found: set[str] = set()
        left = [key]
        while left:
            below = {p.target for p in self.synsets[left.pop()].pointers if p.symbol == "~"} - found
            found |= below
            left += below
        return frozenset(found)


def find_folder() -> Path:
    """The folder of WordNet's files: that of the variable `DARLING_WORDNET`, or Debian's.

    Raises:
        MissingDependencyError: it lacks a file.
    """
    folder = Path(os.environ.get(VARIABLE) or INSTALLED)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise MissingDependencyError(
            f"WordNet: {folder} has no {', '.join(missing)}. Install its files with `apt-get install wordnet-base`, or "
            f"set {VARIABLE} to a folder that has them."
        )
    return folder


def nouns() -> Nouns:
    """WordNet's nouns from `find_folder()`; read once in each process, in about a second."""
    return read_nouns(find_folder())


@cache
def read_nouns(folder: Path) -> Nouns:
    synsets = {synset.key: synset for synset in read_synsets(folder / "data.noun")}
    return Nouns(synsets, read_senses(folder / "index.noun"), _plurals(folder), _counts(folder))


def read_synsets(file: Path) -> list[Synset]:
    """Every synset of a file such as data.noun, in its order."""
    with file.open(encoding="utf-8") as lines:
        return [_synset(line) for line in lines if line[0] != " "]  # the license stands at the top, indented


def read_senses(file: Path) -> dict[str, tuple[str, ...]]:
    """The keys of each word's synsets in a file such as index.noun, the most frequent sense first."""
    with file.open(encoding="utf-8") as lines:
        rows = (line.split() for line in lines if line[0] != " ")
        return {row[0]: tuple(row[-int(row[2]) :]) for row in rows}


def _synset(line: str) -> Synset:
    left, _, gloss = line.partition(" | ")
    fields = left.split()
    count = int(fields[3], 16)
    words = tuple(re.sub(r"\(\w+\)$", "", fields[4 + 2 * k]).lower() for k in range(count))
    start = 4 + 2 * count
    pointers = []
    for k in range(int(fields[start])):
        symbol, target, _, ends = fields[start + 1 + 4 * k : start + 5 + 4 * k]
        pointers.append(Pointer(symbol, target, int(ends[:2], 16), int(ends[2:], 16)))
    return Synset(fields[0], fields[1], words, tuple(pointers), gloss.strip())


def _plurals(folder: Path) -> dict[str, tuple[str, ...]]:
    rows = (line.split() for line in (folder / "noun.exc").read_text(encoding="utf-8").splitlines())
    return {plural: tuple(singulars) for plural, *singulars in rows}


def _counts(folder: Path) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for line in (folder / "cntlist.rev").read_text(encoding="utf-8").splitlines():
        key, sense, count = line.split()
        word, _, rest = key.partition("%")
        if rest[0] == "1" and sense == "1":  # 1: a noun
            counts[word] += int(count)
    return dict(counts)
