"""The task: a prompt asks for a kind of something; a response is one sentence that names one and says something of it.

    prompt    `Name a kind of fish and say something about it.`
    response  `A trout is a food fish of cool fresh waters.`

What a response *names* is the last noun of its first phrase, as long as WordNet has it: "brown trout" in "One is the
small brown trout, which …". A phrase comes after opening words such as "One example is the", and ends before
punctuation or a word such as "is". A response is right when that noun is a kind of the category, at least `LEAST_SAID`
words follow, and it ends with its only full stop. Its class is the synset: "car" and "auto" are one kind, whatever is
said about them. Nothing checks that what is said is true.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from darling_plugin.kinds.wordnet import nouns

OPENING = frozenset(
    ["a", "an", "the", "one", "is", "i", "would", "name", "say", "think", "of", "to", "mind", "comes", "example", "my"]
)
ENDING = frozenset(
    [
        "is",
        "are",
        "was",
        "has",
        "have",
        "can",
        "which",
        "that",
        "who",
        "of",
        "for",
        "with",
        "in",
        "from",
        "used",
        "made",
    ]
)
LONGEST_PHRASE = 6  # words, opening ones left out
LONGEST_NOUN = 4  # words
LEAST_SAID = 3  # words after the name
TOKENS = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*|[^\sa-z0-9]")


class Category(NamedTuple):
    """What a kind is asked of: the word that is shown, and the key of its synset."""

    word: str
    key: str


class Named(NamedTuple):
    """The noun that a response names, as WordNet writes it, and the number of words after it."""

    noun: str
    said: int


def prompt_text(category: Category) -> str:
    """`Name a kind of fish and say something about it.`"""
    return f"Name a kind of {category.word} and say something about it."


@lru_cache(maxsize=1 << 16)
def named(response: str) -> Named | None:
    """What a response names; None where its first phrase ends with no noun of WordNet."""
    tokens = TOKENS.findall(response.strip().lower())
    start = next((place for place, token in enumerate(tokens) if token not in OPENING), len(tokens))
    phrase = list(takewhile(lambda token: token[0].isalnum() and token not in ENDING, tokens[start:]))
    if len(phrase) > LONGEST_PHRASE:
        return None
    said = sum(token[0].isalnum() for token in tokens[start + len(phrase) :])
    for length in range(min(LONGEST_NOUN, len(phrase)), 0, -1):
        if noun := _noun(phrase[-length:]):
            return Named(noun, said)
    return None


def verify(category: Category, response: str) -> str | None:
    """The class of a right response, the key of the synset that it names; None for a wrong one.

    A noun with several senses among the category's kinds stands for the most frequent of them.
    """
    text = response.strip()
    if not text.endswith(".") or text.count(".") > 1 or "\n" in text:
        return None
    found = named(response)
    if found is None or found.said < LEAST_SAID:
        return None
    kinds = kinds_of(category.key)
    return next((key for key in nouns().senses[found.noun] if key in kinds), None)


@lru_cache(maxsize=4096)
def kinds_of(key: str) -> frozenset[str]:
    """Every synset that is a kind of this one (`Nouns.kinds_of`)."""
    return nouns().kinds_of(key)


def _noun(words: list[str]) -> str | None:
    """These words as a noun of WordNet, the last one in the singular if need be; None where there is none."""
    known = nouns().senses
    for last in singulars(words[-1]):
        for joint in ("_", "-", ""):
            if (noun := joint.join([*words[:-1], last])) in known:
                return noun
    return None


def singulars(word: str) -> list[str]:
    """The word and what it may be a plural of: `foxes` gives foxes, foxe, fox. WordNet decides which of them is one."""
    found = [word, *nouns().plurals.get(word, ())]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        found.append(word[:-1])
        if word.endswith(("ses", "xes", "zes", "ches", "shes")):
            found.append(word[:-2])
        if word.endswith("ies"):
            found.append(f"{word[:-3]}y")
    return found
