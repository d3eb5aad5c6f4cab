"""Whatever scores pairs: one protocol, and the way from a name to the thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from darling_plugin.classifier import DEFAULT_FOLDER
from darling_plugin.classifier.card import Card, read_card

DEFAULT = "default"
Progress = Callable[[int], None]


class Scorer(Protocol):
    """A loaded classifier."""

    name: str
    """What it was loaded by."""
    card: Card

    @property
    def truncated(self) -> int:
        """How many texts were cut to the card's max_tokens so far."""
        ...

    def logits(self, pairs: Sequence[tuple[str, str]], /, progress: Progress | None = None) -> np.ndarray:
        """logits[k] of pairs[k], shape (len(pairs),), float64; the same for (a, b) and (b, a).

        `progress(done)` is called with the number of pairs, or of texts, that are newly done.
        """
        ...


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """P(equivalent) = sigmoid(logit / temperature)."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(logits, dtype=np.float64) / temperature, -500, 500)))


def load_scorer(model: str, *, device: str | None = None, batch_size: int = 32) -> Scorer:
    """The classifier called `model`: "default", the name of a checkpoint that the authors published, or a folder.

    Raises `ConfigError` where there is none, or its folder is damaged, and `MissingDependencyError`.
    """
    from darling_plugin.classifier import bi_encoder, cross_encoder, published

    if model == DEFAULT:
        return bi_encoder.BiEncoder(DEFAULT_FOLDER, name=model, device=device, batch_size=batch_size)
    if published.is_published(model):
        return published.load(model, device=device, batch_size=batch_size)
    folder = Path(model).expanduser()
    kinds: dict[str, Callable[..., Scorer]] = {
        "bi-encoder": bi_encoder.BiEncoder,
        "cross-encoder": cross_encoder.CrossEncoder,
    }
    return kinds[read_card(folder).kind](folder, name=model, device=device, batch_size=batch_size)
