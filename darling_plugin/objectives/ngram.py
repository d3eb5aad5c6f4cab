"""The paper's lexical baseline: DARLING with n-gram diversity in the place of classes (arXiv 2509.02534, section 4).

    d_i = (distinct word n-grams of i that no sibling has) / (all word n-grams of i)

It needs no similarity: it rewards wording, whatever the words mean. Copies, and texts of fewer than n words, get
d = 0; a group of one keeps all its n-grams. `scope="correct"` compares the correct responses alone; the others get the
floor.

Words are those of the text's script, without case, punctuation and Markdown (`form/words.py`): a period
earns nothing. `options={words: authors}` takes what whitespace separates, as the authors do.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from darling_plugin.core import checks, ngram_diversity
from darling_plugin.form.words import SEGMENTATIONS
from darling_plugin.objectives.base import Batch
from darling_plugin.objectives.darling import Darling


class Ngram(Darling):
    """4-gram diversity unless `ngram` says otherwise."""

    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        scope: str = "all",
        floor: float = 0.1,
        mode: str = "multiplicative",
        weight: float = 1.0,
        normalize_by_std: bool = False,
        ngram: int = 4,
        words: str = "form",
    ):
        super().__init__(scope=scope, floor=floor, mode=mode, weight=weight, normalize_by_std=normalize_by_std)
        self.ngram = checks.at_least_one("ngram", ngram)
        self.words = checks.choice("words", words, SEGMENTATIONS)

    def diversity(self, batch: Batch) -> np.ndarray:
        if self.scope == "all":
            return ngram_diversity(batch.texts, batch.uid, n=self.ngram, words=self.words)
        rows = np.flatnonzero(batch.correct)
        diversity = np.full(len(batch.texts), self.floor)
        correct = [batch.texts[row] for row in rows]
        diversity[rows] = ngram_diversity(correct, batch.uid[rows], n=self.ngram, words=self.words)
        return diversity
