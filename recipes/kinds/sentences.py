"""Sentences that name a kind and say what WordNet's gloss says of it: what the warm start learns from.

`trout`, "any of various game and food fishes of cool fresh waters …" becomes, by one of `FRAMES`,
"One is the trout, any of various game and food fishes of cool fresh waters."
"""

from __future__ import annotations

import itertools
import random
import re
from functools import cache
from typing import NamedTuple

from darling_plugin.kinds.data import split
from darling_plugin.kinds.task import Category, kinds_of, verify
from darling_plugin.kinds.wordnet import Synset, nouns

FRAMES = (
    "{A} {name} is {gloss}.",
    "The {name} is {gloss}.",
    "{Name}: {gloss}.",
    "One is the {name}, {gloss}.",
    "An example is the {name}, {gloss}.",
    "I would name the {name}, {gloss}.",
)
"""The same kind in other words; two words are at most one frame's alone."""
MOST_WORDS = 9  # of a gloss; longer ones are cut at a comma, or left out


class Sentence(NamedTuple):
    """What a category's prompt is answered with, and the class that the answer belongs to."""

    category: Category
    kind: str
    text: str


def sentences(count: int, seed: int) -> list[Sentence]:
    """`count` right answers: a category of any part, one of its kinds, a word for it and a frame, by chance.

    Categories of validation and test are among them: a model of this size has learned few of their kinds in its
    pretraining. RL never sees those categories. Kinds whose words were tagged in WordNet's texts are more likely, as
    common things are named more often.
    """
    rng = random.Random(f"kinds sentences {seed}")
    categories = [category for part in split() for category in part if answers(category)]
    found: list[Sentence] = []
    while len(found) < count:
        category = rng.choice(categories)
        kind, word, gloss = rng.choices(answers(category), cum_weights=_cumulative(category))[0]
        text = write(rng.choice(FRAMES), word, gloss)
        if verify(category, text) == kind:
            found.append(Sentence(category, kind, text))
    return found


@cache
def answers(category: Category) -> tuple[tuple[str, str, str], ...]:
    """(kind, word, gloss) for each word of each kind of a category that has a gloss of the right length."""
    known = nouns().synsets
    glossed = ((key, known[key], gloss_of(known[key])) for key in sorted(kinds_of(category.key)))
    return tuple(
        (key, word, gloss)
        for key, synset, gloss in glossed
        if gloss is not None
        for word in synset.words
        if re.fullmatch(r"[a-z]+(_[a-z]+)?", word)
    )


@cache
def _cumulative(category: Category) -> tuple[float, ...]:
    return tuple(itertools.accumulate(weight(word) for _, word, _ in answers(category)))


def weight(word: str) -> float:
    """1 for a word that WordNet's texts never have, 20 more for one that is tagged in them."""
    return 1.0 + 20.0 * (word in nouns().counts)


def gloss_of(synset: Synset) -> str | None:
    """The definition without examples, brackets and what comes after a semicolon; None where it is not 3 to 9 words."""
    text = re.sub(r"\s*\([^)]*\)\s*", " ", synset.gloss).split(";")[0].split('"')[0].strip()
    while len(text.split()) > MOST_WORDS and "," in text:
        text = text.rpartition(",")[0]
    text = re.sub(r"\s+", " ", text).strip(" ,:")
    plain = re.fullmatch(r"[A-Za-z][A-Za-z ,'-]*", text) is not None
    return text if plain and 3 <= len(text.split()) <= MOST_WORDS else None


def write(frame: str, word: str, gloss: str) -> str:
    """A frame with a word of WordNet and a gloss in it."""
    name = word.replace("_", " ")
    article = "An" if name[0] in "aeiou" else "A"
    return frame.format(A=article, name=name, Name=name[0].upper() + name[1:], gloss=gloss)
