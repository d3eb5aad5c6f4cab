"""A WordNet of some thirty nouns in WordNet's own format, for tests without the real one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from darling_plugin.kinds import data, task, wordnet

ANIMALS, PLANTS = "05", "20"

TINY: dict[str, tuple[str, str, str, str]] = {
    "fish": ("fish", ANIMALS, "", "a cold-blooded animal of the water"),
    "trout": ("trout", ANIMALS, "fish", "any of various food fishes of cool fresh waters"),
    "brown": ("brown_trout salmon_trout", ANIMALS, "trout", "a speckled trout of European rivers"),
    "bass": ("bass", ANIMALS, "fish", "a spiny fish of lakes and seas"),
    "voice": ("bass basso", "10", "", "the lowest male voice"),
    "perch": ("perch", ANIMALS, "fish", "a spiny-finned freshwater food fish"),
    "tree": ("tree", PLANTS, "", "a tall woody plant"),
    "oak": ("oak oak_tree", PLANTS, "tree", "a deciduous tree of the genus Quercus"),
    "ash": ("ash ash_tree", PLANTS, "tree", "any of various deciduous trees; `ash' is also its wood"),
    "fox": ("fox", ANIMALS, "", "a carnivorous mammal with a bushy tail"),
}
"""name → words, lexicographer's number, what it is a kind of, gloss."""


def write_wordnet(folder: Path, nouns: dict[str, tuple[str, str, str, str]] = TINY, tagged: str = "fish tree") -> Path:
    """The files that `darling_plugin.kinds.wordnet` reads; the words of `tagged` have been seen in WordNet's texts."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = {name: f"{number:08d}" for number, name in enumerate(nouns, 1)}
    below, senses = defaultdict(list), defaultdict(list)
    for name, (words, _, above, _) in nouns.items():
        if above:
            below[above].append(name)
        for word in words.split():
            senses[word].append(keys[name])
    data = ["  1 a license, indented"]
    for name, (words, file, above, gloss) in nouns.items():
        pointers = [f"@ {keys[above]} n 0000"] if above else []
        pointers += [f"~ {keys[child]} n 0000" for child in below[name]]
        own = " ".join(f"{word} 0" for word in words.split())
        count = len(words.split())
        data.append(
            " ".join([keys[name], file, "n", f"{count:02x}", own, f"{len(pointers):03d}", *pointers, "|", gloss])
        )
    index = [f"{word} n {len(own)} 1 @ {len(own)} 0 {' '.join(own)}" for word, own in senses.items()]
    (folder / "data.noun").write_text("\n".join(data) + "\n")
    (folder / "index.noun").write_text("\n".join(["  1 a license, indented", *index]) + "\n")
    (folder / "noun.exc").write_text("geese goose\n")
    (folder / "cntlist.rev").write_text("".join(f"{word}%1:05:00:: 1 7\n" for word in tagged.split()))
    return folder


def use_tiny_wordnet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[wordnet.Nouns]:
    """The tiny WordNet in the place of the real one: the body of a fixture. Two kinds make a category here."""
    forget()
    monkeypatch.setenv(wordnet.VARIABLE, str(write_wordnet(folder)))
    monkeypatch.setattr(data, "LEAST_KINDS", 2)
    monkeypatch.setattr(data, "LEAST_COMMON", 0)
    yield wordnet.nouns()
    forget()


def forget() -> None:
    """What was read of another WordNet."""
    from recipes.kinds import sentences

    for cached in (
        task.named,
        task.kinds_of,
        data._split,
        wordnet.read_nouns,
        sentences.answers,
        sentences._cumulative,
    ):
        cached.cache_clear()
