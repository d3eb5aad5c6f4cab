"""Synonyms, antonyms and siblings of English words, from WordNet 3.0's data files (Debian package wordnet-base).

Only the first sense of a word counts (WordNet orders senses by how frequent they are), and only single words.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from darling_plugin.kinds.wordnet import read_senses, read_synsets

FILES = ("noun", "verb", "adj", "adv")


class Relations(NamedTuple):
    """word -> words that may replace it."""

    synonyms: dict[str, list[str]]
    antonyms: dict[str, list[str]]
    siblings: dict[str, list[str]]


def read_wordnet(folder: Path) -> Relations:
    synonyms: dict[str, list[str]] = {}
    antonyms: dict[str, list[str]] = {}
    siblings: dict[str, list[str]] = {}
    common = _common_words(folder)
    for part in FILES:
        synsets = {one.key: (one.words, one.pointers) for one in read_synsets(folder / f"data.{part}")}
        first = {word: keys[0] for word, keys in read_senses(folder / f"index.{part}").items()}
        below = defaultdict(list)
        for words, pointers in synsets.values():
            for symbol, target, _, _ in pointers:
                if symbol == "@" and words[0] in common:
                    below[target].append(words[0])
        for word, key in first.items():
            if word not in common or common[word] != part:
                continue
            words, pointers = synsets[key]
            others = [w for w in words if w != word and w.isalpha() and w in common and first.get(w) == key]
            if others:
                synonyms[word] = others
            for symbol, target, source, goal in pointers:
                if symbol == "!" and source and words[source - 1] == word:
                    antonyms.setdefault(word, []).append(synsets[target][0][goal - 1])
                if symbol == "@" and part == "noun":
                    near = [w for w in below[target] if w not in words and common.get(w) == part]
                    if 1 < len(near) < 60:
                        siblings[word] = near
    return Relations(synonyms, antonyms, siblings)


def replace_word(text: str, table: dict[str, list[str]], rng: random.Random, most: int = 1) -> str | None:
    """The text with up to `most` lowercase words replaced by entries of the table."""
    spots = [match for match in re.finditer(r"\b[a-z]{3,}\b", text) if match.group() in table]
    if not spots:
        return None
    for match in sorted(rng.sample(spots, min(most, len(spots))), key=lambda m: -m.start()):
        text = text[: match.start()] + rng.choice(table[match.group()]) + text[match.end() :]
    return text


def _common_words(folder: Path) -> dict[str, str]:
    """word -> the part of speech that it is tagged most often with in WordNet's texts; words tagged at least twice."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in (folder / "cntlist.rev").open():
        key, _, count = line.split()
        word, rest = key.split("%")
        counts[word][("noun", "verb", "adj", "adv", "adj")[int(rest[0]) - 1]] += int(count)
    return {w: max(c, key=c.__getitem__) for w, c in counts.items() if w.isalpha() and sum(c.values()) > 1}
