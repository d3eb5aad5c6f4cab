"""P(equivalent) of pairs of texts, by the encoder and the card in a folder.

    P = sigmoid(bias + Σ weight_f · feature_f)

card.json: {"format": 1, "features": {name: weight}, "bias": …, "threshold": …}; words.json: {word: nats}, how much each
common word tells; model.safetensors (`forward.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from recipes.similarity.candidate.features import FEATURES, Text, compare, read, with_vectors
from recipes.similarity.candidate.forward import Forward, load_forward
from recipes.similarity.candidate.short_text import decide, read_short

SURE = 12.0  # the logit where form alone settles it


class TrainedSimilarity:
    """Symmetric; a text and itself give 1 to within rounding, and so do two texts that differ in wrapping only.

    Args:
        folder: what training wrote.
    """

    def __init__(self, folder: Path):
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        self.threshold = float(card["threshold"])
        self._weights = np.array([float(card["features"].get(name, 0.0)) for name in FEATURES])
        self._bias = float(card["bias"])
        self._rarity: dict[str, float] = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        self._folder = folder

    @cached_property
    def forward(self) -> Forward:
        return load_forward(self._folder)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """P[k] of pairs[k], shape (pairs,), float64."""
        if not pairs:
            return np.empty(0)
        number = {text: k for k, text in enumerate(dict.fromkeys(text for pair in pairs for text in pair))}
        texts = list(number)
        rows, own = self.forward(texts), [read(text) for text in texts]
        first, second = ([number[pair[side]] for pair in pairs] for side in (0, 1))
        return 1 / (1 + np.exp(-self._logits(rows, own, texts, first, second)))

    def _logits(
        self, rows: np.ndarray, own: list[Text], texts: list[str], first: list[int], second: list[int]
    ) -> np.ndarray:
        rest = np.array([compare(own[i], own[j], self._rarity) for i, j in zip(first, second, strict=True)])
        logits = self._bias + with_vectors(rest, rows[first], rows[second]) @ self._weights
        logits[rest[:, FEATURES.index("same")] > 0] = SURE
        for k, (i, j) in enumerate(zip(first, second, strict=True)):
            a, b = read_short(texts[i]), read_short(texts[j])
            if a is not None and b is not None and (settled := decide(a, b)) is not None:
                logits[k] = SURE if settled else -SURE
        return logits
