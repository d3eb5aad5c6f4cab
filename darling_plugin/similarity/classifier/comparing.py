"""From the rows of a few texts to the logits of all pairs of them: what a bi-encoder's card says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.pair_features import FEATURES, pair_features
from darling_plugin.similarity.classifier.rows import vector_of, words_of

SURE = 12.0  # the logit of two texts with the same words
SAME, CODE_NEAR = FEATURES.index("same"), FEATURES.index("code_near")

Comparison = Callable[[Sequence[np.ndarray]], np.ndarray]
"""rows of n texts -> logits, float64, (n, n)."""


def open_comparison(card: Card, folder: Path) -> Comparison:
    """Raises `ConfigError` where the folder's table of words cannot be read."""
    if card.features:
        return FeatureComparison(card, Reader.load(folder))
    return WordingComparison(card, Reader.load(folder) if card.wording else None)


class WordingComparison:
    """logit = scale · cosine + Σ weight_f · f(words of a, words of b) + bias."""

    def __init__(self, card: Card, reader: Reader | None):
        self._card, self._reader = card, reader
        self._weights = np.array(list(card.wording.values()))

    def __call__(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        logits = self._card.scale * cosines(rows) + self._card.bias
        if self._reader is not None:
            logits += self._reader.shares([words_of(row) for row in rows]) @ self._weights
        return np.asarray(logits)


class FeatureComparison:
    """logit = bias + Σ weight_f · feature_f (`pair_features.py`), and SURE where the words are the same."""

    def __init__(self, card: Card, table: Reader):
        self._card, self._table = card, table
        self._weights = np.array(list(card.features.values()))

    def __call__(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        found = pair_features(rows, self._table)
        logits = found @ self._weights + self._card.bias
        # Two programs may have the same words and differ in their indentation.
        logits[(found[..., SAME] > 0) & (found[..., CODE_NEAR] == 0)] = SURE
        return np.asarray(logits)


def cosines(rows: Sequence[np.ndarray]) -> np.ndarray:
    """[i, j] = the cosine of the encodings in rows i and j, float64, (n, n). Encodings are unit vectors."""
    vectors = np.stack([vector_of(row) for row in rows]).astype(np.float64)
    return np.asarray(vectors @ vectors.T)
