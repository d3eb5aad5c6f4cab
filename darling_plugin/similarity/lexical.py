"""Equivalent = the same words. It has no model and no notion of meaning: for tests, smoke runs and as a baseline."""

from collections.abc import Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.ngram import ngrams
from darling_plugin.form.words import words


class LexicalSimilarity:
    """Jaccard similarity of the sets of word n-grams:  P(a, b) = |A ∩ B| / |A ∪ B|.

    Words are those of the text's script, without case, punctuation and Markdown (`form/words.py`). Texts that are the
    same words in the same order give 1, two empty ones included. Otherwise a text of fewer than n words has no n-gram
    and gives 0 with everything.

    Args:
        n: words in an n-gram; 1 ignores word order.
    """

    default_threshold = 0.5
    short_text_rule: str | bool = "form"

    def __init__(self, n: int = 1):
        self.n = checks.at_least_one("n", n)

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        # A response is in up to n − 1 pairs of a call: its words are taken apart once.
        own = {text: words(text) for text in {text for pair in pairs for text in pair}}
        grams = {text: set(ngrams(found, self.n)) for text, found in own.items()}
        return np.array([1.0 if own[a] == own[b] else _jaccard(grams[a], grams[b]) for a, b in pairs], dtype=np.float64)


def _jaccard(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if shared else 0.0
