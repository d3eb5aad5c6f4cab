"""What the logit of a pair is made of: names, order, and how each is computed. All are symmetric in the two texts.

    cosine     of the two whole texts' vectors
    coverage   the worst covered segment: min over the segments of either text of its best cosine with the other's
    long       0 for short texts, 1 for long ones: by the words of the shorter text, 40 … 90, logarithmically
    long · …   cosine, coverage, rare words and names in common: among long responses to one prompt they tell a plot
    broken     copied · (1 − coverage): a long text that copies the other but for a part, and that part's distance;
               copied goes from 0 to 1 as the shared part of all content words goes from 0.5 to 0.8
    numbers    1 where both state another number (short texts) or another final answer
    negation   1 where two short texts have the same words but for a negation
    same       1 where the words are the same, wrapping and punctuation aside
    code       1 for the same program up to names; code_near 1 for nearly the same program, but not the same

A text cannot lower P by more wrapping, other names in code, or numbers and names beside the common ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import regex

from recipes.similarity.candidate.code_text import code_form, compare_forms
from recipes.similarity.candidate.exact import concluded, negations, numbers, stated_answer
from recipes.similarity.candidate.plain import plain
from recipes.similarity.candidate.short_text import words

FEATURES = (
    "cosine", "coverage", "long", "long_cosine", "long_coverage", "rare_words", "names",
    "broken", "numbers", "negation", "same", "code", "code_near",
)  # fmt: skip
RISING = frozenset({"cosine", "coverage", "rare_words", "names", "same", "code"})
FALLING = frozenset({"broken", "numbers", "negation", "code_near"})
SHORT = 40  # words; up to here every number and negation counts
LONG = 90  # from here a text is long
STATES = 160  # words; up to here a text's last equation counts as its answer
RARITY = 3
BARE = 3  # words of a bare answer: "12 hours"
MAX_CHARACTERS = 20_000
_NAME = regex.compile(r"\b\p{Lu}[\p{L}\p{M}]+")  # names, and words that open sentences and headings
_AUXILIARY = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "be",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "should",
        "must",
        "may",
        "might",
        "has",
        "have",
        "had",
        "to",
        "of",
        "it",
        "that",
        "i",
        "you",
        "yes",
        "not",
        "no",
        "never",
        "none",
        "cannot",
        "don",
        "doesn",
        "didn",
        "isn",
        "aren",
        "wasn",
        "won",
        "t",
        "s",
        "不",
        "没",
        "是",
        "ない",
    ]
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the features see it."""

    words: tuple[str, ...]
    content: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    final: str | None
    stated: str | None
    negations: int
    form: tuple[str, ...] | None


def read(text: str) -> Text:
    """The text, up to its first 20,000 characters."""
    raw = text[:MAX_CHARACTERS]
    bare = plain(raw)
    found = tuple(words(raw))
    short = len(found) <= STATES
    return Text(
        words=found,
        content=frozenset(found) - _AUXILIARY,
        names=frozenset(word.casefold() for word in _NAME.findall(bare)),
        numbers=numbers(bare) if short else frozenset(),
        final=concluded(raw) if short else None,
        stated=stated_answer(raw),
        negations=negations(bare) if short else 0,
        form=code_form(raw),
    )


def compare(a: Text, b: Text, rarity: Mapping[str, float]) -> np.ndarray:
    """The features that need no encoder, zeros for the ones that do; shape (len(FEATURES),), float64.

    Args:
        rarity: word -> how many nats it tells; a word that is not there counts as much as the rarest.
    """
    own = dict.fromkeys(FEATURES, 0.0)
    own["long"] = longness(a, b)
    if own["long"]:
        highest = max(rarity.values(), default=1.0)
        own["rare_words"] = own["long"] * _overlap(a.content, b.content, rarity, highest, RARITY)
        own["broken"] = own["long"] * _copied(a.content, b.content)  # times 1 − coverage, in with_vectors
        own["names"] = own["long"] * _overlap(a.names, b.names, rarity, highest, 1)
    own["same"] = float(a.words == b.words)
    if a.form is not None and b.form is not None:
        alike = compare_forms(a.form, b.form)
        own["code"], own["code_near"] = float(alike > 0), float(alike < 0)
    elif not own["same"]:
        own["numbers"] = float(_other_number(a, b))
        own["negation"] = float(_other_polarity(a, b))
    return np.array([own[name] for name in FEATURES])


def with_vectors(rest: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The features of pairs: `rest` from `compare`, shape (pairs, features); a, b: (pairs, 1 + segments, width)."""
    full = rest.copy()
    grid = np.einsum("pid,pjd->pij", a[:, 1:], b[:, 1:])
    full[:, 0] = np.einsum("pd,pd->p", a[:, 0], b[:, 0])
    full[:, 1] = np.minimum(grid.max(2).min(1), grid.max(1).min(1))
    full[:, 3] = full[:, 2] * full[:, 0]
    full[:, 4] = full[:, 2] * full[:, 1]
    full[:, 7] *= 1 - full[:, 1]
    return full


def longness(a: Text, b: Text) -> float:
    """0 up to 40 words of the shorter text, 1 from 90."""
    least = max(1, min(len(a.words), len(b.words)))
    return min(1.0, max(0.0, math.log(least / SHORT) / math.log(LONG / SHORT)))


def _other_number(a: Text, b: Text) -> bool:
    if a.stated and b.stated and a.stated != b.stated:
        return True
    for x, y in ((a, b), (b, a)):  # a bare answer against a text that ends in a number
        if len(x.words) <= BARE and len(x.numbers) == 1 and y.final and len(y.words) > BARE:
            return y.final not in x.numbers
    both_short = max(len(a.words), len(b.words)) <= SHORT
    return both_short and bool(a.numbers - b.numbers) and bool(b.numbers - a.numbers)


def _other_polarity(a: Text, b: Text) -> bool:
    if max(len(a.words), len(b.words)) > SHORT or a.negations % 2 == b.negations % 2:
        return False
    one, other = a.content - b.content, b.content - a.content
    return min(len(one), len(other)) == 0 and len(one) + len(other) <= 2


def _copied(a: frozenset[str], b: frozenset[str]) -> float:
    shared = len(a & b) / max(1, len(a | b))
    return min(1.0, max(0.0, (shared - 0.5) / 0.3))


def _overlap(a: frozenset[str], b: frozenset[str], rarity: Mapping[str, float], highest: float, power: int) -> float:
    """Weighted Jaccard, each word counting rarity^power; 1 for two texts without any."""
    shared = sum(rarity.get(word, highest) ** power for word in a & b)
    whole = shared + sum(rarity.get(word, highest) ** power for word in a ^ b)
    return shared / whole if whole else 1.0
