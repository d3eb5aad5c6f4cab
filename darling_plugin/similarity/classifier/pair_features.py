"""What the shipped classifier's logit is made of, for all pairs of a few texts. Each number is symmetric in the two.

    cosine      of the two whole texts' vectors
    coverage    of the worst covered segment: min over the segments of either text of its best cosine with the other's;
                where the encoder can't read the script of one, both are the share of characters in common (Dice)
    long        0 for short texts, 1 for long ones: by the words of the shorter text, 40 … 90, logarithmically
    long · …    cosine, coverage, and the share of rare words and of names in common: among long responses to one prompt
                they tell a plot
    broken      copied · torn: a long text that copies the other but for a part. copied goes from 0 to 1 as the shared
                part of all content words goes from 0.5 to 0.8, torn from 0 to 1 as coverage goes from 0.88 to 0.73
    numbers     1 where both state another number (short texts) or another answer
    negation    1 where two short texts have the same words but for a negation
    same        1 where the words are the same, wrapping and punctuation aside
    code        1 for the same program up to names
    code_near   1 for nearly the same program, but not the same

A text can't lower P by more wrapping, by other names in code, or by numbers and names beside the common ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from darling_plugin.similarity.classifier.facts import Facts
from darling_plugin.similarity.classifier.lexical_features import RARITY, Reader
from darling_plugin.similarity.classifier.overlap import Overlap
from darling_plugin.similarity.classifier.rows import facts_of, vectors_of

FEATURES = (
    "cosine", "coverage", "long", "long_cosine", "long_coverage", "rare_words", "names",
    "broken", "numbers", "negation", "same", "code", "code_near",
)  # fmt: skip
RISING = frozenset({"cosine", "coverage", "rare_words", "names", "same", "code"})  # their weights are never negative
FALLING = frozenset({"broken", "numbers", "negation", "code_near"})  # their weights are never positive
SHORT = 40  # words; up to here every number and negation counts
LONG = 90  # from here a text is long
BARE = 3  # words of a bare answer: "12 hours"
WHOLE, TORN = 0.88, 0.73  # coverage of near copies that say the same, and of ones that part somewhere
NEAR = 0.8  # share of the steps that two nearly equal programs have in common
BUCKETS = 1 << 14  # of the codes of steps; a program of 20,000 characters has some 7,000


def pair_features(rows: Sequence[np.ndarray], table: Reader) -> np.ndarray:
    """[i, j] = one number per feature of texts i and j, float64; shape (texts, texts, features).

    Args:
        rows: as `rows.pack_facts` makes them.
        table: how rare each word is.
    """
    facts = [facts_of(row) for row in rows]
    words = np.array([own.words for own in facts])
    long = _longness(words)
    content = _Content(facts, table)
    readable = _both(np.array([own.unreadable == 0 for own in facts]))
    vectors = _cosines([vectors_of(row) for row in rows])
    cosine, coverage = (np.where(readable, found, content.dice) for found in vectors)
    same = _equal(facts, "same")
    code, code_near = _programs(facts)
    prose = ~same & ~_both(np.array([own.program > 0 for own in facts]))
    found = {
        "cosine": cosine,
        "coverage": coverage,
        "long": long,
        "long_cosine": long * cosine,
        "long_coverage": long * coverage,
        "rare_words": long * content.rare_words,
        "names": long * content.names,
        "broken": long * content.copied * np.clip((WHOLE - coverage) / (WHOLE - TORN), 0.0, 1.0),
        "numbers": prose & _other_number(facts, words),
        "negation": prose & _other_polarity(facts, words, content),
        "same": same,
        "code": code,
        "code_near": code_near,
    }
    return np.stack([found[name].astype(np.float64) for name in FEATURES], axis=-1)


class _Content:
    """Shares of the content words of each two texts: (texts, texts).

    rare_words: weighted by rarity cubed. names: of the names alone, weighted by rarity. copied: 0 … 1, see above.
    differing: how many distinct words i has and j has not. dice: 2 · shared / (words of i + words of j).
    """

    def __init__(self, facts: Sequence[Facts], table: Reader):
        codes = [own.content >> 1 for own in facts]
        names = [own.content[(own.content & 1) == 1] >> 1 for own in facts]
        words = Overlap(codes)
        own, shared = words.weights()
        self.rare_words = words.shares(lambda code: table.information_of(code) ** RARITY)
        self.names = Overlap(names).shares(table.information_of)
        self.copied = np.clip((words.shares() - 0.5) / 0.3, 0.0, 1.0)
        self.differing = own[:, None] - shared
        sizes = own[:, None] + own[None, :]
        self.dice = np.divide(2 * shared, sizes, out=np.ones_like(shared), where=sizes > 0)


def _cosines(vectors: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    whole = np.stack([own[0] for own in vectors])
    segments = np.concatenate([own[1:] for own in vectors])
    starts = np.cumsum([0, *(len(own) - 1 for own in vectors)])[:-1]
    best = np.maximum.reduceat(segments @ segments.T, starts, axis=1)  # of each segment, in each text
    worst = np.minimum.reduceat(best, starts, axis=0)
    return whole @ whole.T, np.minimum(worst, worst.T)


def _longness(words: np.ndarray) -> np.ndarray:
    least = np.maximum(1, np.minimum.outer(words, words))
    return np.clip(np.log(least / SHORT) / math.log(LONG / SHORT), 0.0, 1.0)


def _other_number(facts: Sequence[Facts], words: np.ndarray) -> np.ndarray:
    stated = np.array([own.stated for own in facts])
    other = _both(stated > 0) & (stated[:, None] != stated[None, :])
    own, shared = Overlap([own.numbers for own in facts]).weights()
    differing = own[:, None] - shared > 0
    short = _both(words <= SHORT) & differing & differing.T
    # A bare answer against a text that ends in a number: the ending decides, whatever else the text counts.
    bare = (words <= BARE) & (own == 1)
    number = np.array([int(own.numbers[0]) if len(own.numbers) else 0 for own in facts])
    concluded = np.array([own.concluded for own in facts])
    against = bare[:, None] & ((words > BARE) & (concluded > 0))[None, :]
    misses = against & (number[:, None] != concluded[None, :])
    return np.asarray(other | np.where(against | against.T, misses | misses.T, short))


def _other_polarity(facts: Sequence[Facts], words: np.ndarray, content: _Content) -> np.ndarray:
    odd = np.array([own.negations % 2 for own in facts])
    fewest = np.minimum(content.differing, content.differing.T)
    close = (fewest == 0) & (content.differing + content.differing.T <= 2)
    return np.asarray(_both(words <= SHORT) & (odd[:, None] != odd[None, :]) & close)


def _programs(facts: Sequence[Facts]) -> tuple[np.ndarray, np.ndarray]:
    has = np.array([own.program > 0 for own in facts])
    same = _both(has) & _equal(facts, "program")
    near = np.zeros_like(same)
    maybe = np.flatnonzero(has)
    maybe = maybe[_may_be_near([facts[k].steps for k in maybe])]
    if len(maybe):
        near[np.ix_(maybe, maybe)] = _near(*Overlap([facts[k].steps for k in maybe]).weights())
    return same, near & ~same


def _near(own: np.ndarray, shared: np.ndarray) -> np.ndarray:
    return np.asarray(2 * shared >= NEAR * (own[:, None] + own[None, :]))


def _may_be_near(sets: Sequence[np.ndarray]) -> np.ndarray:
    """Which of the sets may be near another one: exact numbers of long programs' steps take long to find.

    What i shares with j is at most what of i falls into buckets that j has, too.
    """
    own = np.array([len(codes) for codes in sets], dtype=np.float64)
    counts = np.zeros((len(sets), BUCKETS), dtype=np.float32)
    for row, codes in zip(counts, sets, strict=True):
        row += np.bincount(codes % BUCKETS, minlength=BUCKETS)
    at_most = counts @ (counts > 0).astype(np.float32).T
    near = _near(own, np.minimum(at_most, at_most.T))
    np.fill_diagonal(near, False)
    return np.asarray(near.any(axis=1))


def _equal(facts: Sequence[Facts], name: str) -> np.ndarray:
    digests = np.array([getattr(own, name) for own in facts], dtype=np.uint64)
    return np.asarray(digests[:, None] == digests[None, :])


def _both(mask: np.ndarray) -> np.ndarray:
    return np.asarray(mask[:, None] & mask[None, :])
