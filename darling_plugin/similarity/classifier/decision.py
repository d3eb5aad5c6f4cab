"""The light half of a classifier: which texts, or pairs, its model must read, and what the outputs mean.

Needs the classifier's card, not its weights, so the forward passes (`forward.py`) can be elsewhere: in other processes,
on other nodes, behind a server.

    items = front.items(pairs)                    what must be read, each once
    rows = forward(items)                         one row of numbers per item
    front.probabilities(pairs, dict(zip(items, rows)))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from darling_plugin.blas import one_thread
from darling_plugin.form.short_text import RAW_CHARACTERS, decide, read_short
from darling_plugin.similarity.classifier.blocks import blocks, number_texts
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.comparing import SURE, cosines, open_comparison
from darling_plugin.similarity.classifier.lexical_features import MAX_CHARACTERS
from darling_plugin.similarity.classifier.truncation import CHARACTERS_PER_TOKEN

SPECIAL = 3  # tokens beside those of the texts
PROSE = 4  # characters of a token in English; only the sizes of batches depend on it


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """P(equivalent) = sigmoid(logit / temperature)."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(logits, dtype=np.float64) / temperature, -500, 500)))


class Reading(Protocol):
    """What a model must read to compare pairs, and what its outputs mean.

    reads: what one forward pass reads. max_tokens: how many tokens of each text are read, None for all. characters: how
    many characters of each text matter, None for all; a longer text may be cut to them before it is sent.
    """

    reads: Literal["texts", "pairs"]
    max_tokens: int | None
    characters: int | None

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        """What the model must read for the pairs: texts, or ordered pairs of texts; none twice."""
        ...

    def probabilities(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        """P[k] = P(equivalent) of pairs[k], from the row of each of their items."""
        ...


class Front(Reading, Protocol):
    """The light half of a classifier."""

    card: Card

    def logits(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        """logits[k] of pairs[k], shape (len(pairs),), float64, from the row of each of their items."""
        ...

    def probabilities(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        """P[k] = P(equivalent) of pairs[k], at the card's temperature."""
        return probabilities(self.logits(pairs, rows), self.card.temperature)


class BiFront(Front):
    """The logit of two texts is a sum over features of their rows (`comparing.py`): symmetric, one row a text.

    Args:
        card: of the classifier.
        folder: where its table of words is, for a card with weights for more than the cosine.
    """

    reads: Literal["texts", "pairs"] = "texts"

    def __init__(self, card: Card, folder: Path):
        self.card = card
        self.max_tokens = card.tokens_read
        own = MAX_CHARACTERS if card.wording or card.features else 0
        self.characters: int | None = max(own, card.tokens_read * CHARACTERS_PER_TOKEN) + 1  # one more shows a cut
        self._compare = open_comparison(card, folder)

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        return list(dict.fromkeys(text for pair in pairs for text in pair))

    @one_thread()
    def logits(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        texts, first, second = number_texts(pairs)
        read = [rows[text] for text in texts]
        found = np.empty(len(pairs))
        for block in blocks(first, second):
            logits = self._compare([read[number] for number in block.texts.tolist()])
            found[block.pairs] = logits[block.first, block.second]
        return settled_by_form(pairs, found) if self.card.features else found


class CosineFront(Reading):
    """P(a, b) = the cosine of two encodings, cut to [0, 1]. max_tokens: of each text that the encoder reads."""

    reads: Literal["texts", "pairs"] = "texts"

    def __init__(self, max_tokens: int | None):
        self.max_tokens = max_tokens
        self.characters = None if max_tokens is None else max_tokens * CHARACTERS_PER_TOKEN + 1

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        return list(dict.fromkeys(text for pair in pairs for text in pair))

    @one_thread()
    def probabilities(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        texts, first, second = number_texts(pairs)
        found = np.empty(len(pairs))
        for block in blocks(first, second):
            found[block.pairs] = cosines([rows[texts[k]] for k in block.texts.tolist()])[block.first, block.second]
        return found.clip(0.0, 1.0)


class PairFront(Front):
    """logit(a, b) = scale · output + bias, output the model's for the two texts in one order, or the mean of both.

    One order is the smaller text first, whatever order the pair comes in: swapping changes nothing.
    """

    reads: Literal["texts", "pairs"] = "pairs"

    def __init__(self, card: Card, characters: int | None = None):
        self.card = card
        self.max_tokens = card.max_tokens
        self.characters = characters

    def items(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        forth = dict.fromkeys((min(pair), max(pair)) for pair in pairs)
        return list(dict.fromkeys([*forth, *((b, a) for a, b in forth)])) if self.card.both_orders else list(forth)

    def logits(self, pairs: Sequence[tuple[str, str]], rows: Mapping[Any, np.ndarray]) -> np.ndarray:
        forth = [(min(pair), max(pair)) for pair in pairs]
        outputs = np.array([rows[pair][0] for pair in forth], dtype=np.float64)
        if self.card.both_orders:
            outputs = (outputs + np.array([rows[b, a][0] for a, b in forth], dtype=np.float64)) / 2
        return self.card.scale * outputs + self.card.bias


def settled_by_form(pairs: Sequence[tuple[str, str]], logits: np.ndarray) -> np.ndarray:
    """The logits, ±SURE where the form of two short texts decides ("Paris" and "Paris.", "42" and "43")."""
    texts = {text for pair in pairs for text in pair}
    short = {text: read for text in texts if len(text) <= RAW_CHARACTERS and (read := read_short(text)) is not None}
    for k, (a, b) in enumerate(pairs if short else ()):
        if a in short and b in short and (same := decide(short[a], short[b])) is not None:
            logits[k] = SURE if same else -SURE
    return logits


def tokens_of(item: Any, max_tokens: int | None) -> int:
    """About how many tokens a model reads for a text, or a pair, of each text at most max_tokens."""
    texts = (item,) if isinstance(item, str) else item
    return SPECIAL + int(sum(min(len(text) / PROSE, max_tokens or len(text)) for text in texts))
