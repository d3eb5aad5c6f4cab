"""The light half of a classifier: which texts, or pairs, its model must read, and what the outputs mean.

Needs the classifier's card, not its weights, so the forward passes (`forward.py`) can be elsewhere: in other processes,
on other nodes, behind a server.

    items = front.items(pairs)                    what must be read, each once
    rows = forward(items)                         one row of numbers per item
    front.probabilities(pairs, dict(zip(items, rows)))
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.lexical_features import Reader, Wording

READ = 32_768  # texts whose wording is kept
PAIRS_AT_ONCE = 65_536


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """P(equivalent) = sigmoid(logit / temperature)."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(logits, dtype=np.float64) / temperature, -500, 500)))


class Front(Protocol):
    """What turns a model's outputs into verdicts. reads: what one forward pass reads."""

    card: Card
    reads: Literal["texts", "pairs"]

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        """What the model must read to judge the pairs: texts, or ordered pairs of texts; none twice."""
        ...

    def logits(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        """logits[k] of pairs[k], shape (len(pairs),), float64, from the row of each of their items."""
        ...

    def probabilities(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        """P[k] = P(equivalent) of pairs[k], at the card's temperature."""
        return probabilities(self.logits(pairs, rows), self.card.temperature)


class BiFront(Front):
    """logit(a, b) = scale · cos(a, b) + Σ weight_f · f(wording of a, wording of b) + bias: symmetric, one row a text.

    Args:
        card: of the classifier.
        folder: where its table of words is, for a card with weights for the wording.
    """

    reads: Literal["texts", "pairs"] = "texts"

    def __init__(self, card: Card, folder: Path):
        self.card = card
        self._reader = Reader.load(folder) if card.wording else None
        self._weights = np.array(list(card.wording.values()))
        self._wordings: OrderedDict[str, Wording] = OrderedDict()

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        return list(dict.fromkeys(text for pair in pairs for text in pair))

    def logits(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        if not pairs:
            return np.empty(0)
        number = {text: k for k, text in enumerate(self.items(pairs))}
        vectors = np.stack([rows[text] for text in number])
        first, second = (np.array([number[pair[side]] for pair in pairs]) for side in (0, 1))
        cosine = np.empty(len(pairs))
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            cosine[part] = np.einsum("pd,pd->p", vectors[first[part]], vectors[second[part]])
        logits = self.card.scale * cosine + self.card.bias
        if self._reader is not None:
            wordings = [self._wording(text) for text in number]
            compare = self._reader.compare
            shared = [compare(wordings[i], wordings[j]) for i, j in zip(first.tolist(), second.tolist(), strict=True)]
            logits += np.array(shared) @ self._weights
        return logits

    def _wording(self, text: str) -> Wording:
        assert self._reader is not None
        found = self._wordings.pop(text, None) or self._reader.read(text)
        self._wordings[text] = found
        if len(self._wordings) > READ:
            self._wordings.popitem(last=False)
        return found


class PairFront(Front):
    """logit(a, b) = scale · output + bias, output the model's for the two texts in one order, or the mean of both.

    One order is the smaller text first, whatever order the pair comes in: swapping changes nothing.
    """

    reads: Literal["texts", "pairs"] = "pairs"

    def __init__(self, card: Card):
        self.card = card

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        forth = dict.fromkeys((min(pair), max(pair)) for pair in pairs)
        return list(dict.fromkeys([*forth, *((b, a) for a, b in forth)])) if self.card.both_orders else list(forth)

    def logits(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        forth = [(min(pair), max(pair)) for pair in pairs]
        outputs = np.array([rows[pair][0] for pair in forth], dtype=np.float64)
        if self.card.both_orders:
            outputs = (outputs + np.array([rows[b, a][0] for a, b in forth], dtype=np.float64)) / 2
        return self.card.scale * outputs + self.card.bias
