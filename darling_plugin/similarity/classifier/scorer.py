"""What scores pairs: one protocol, and how a name becomes a scorer, whole or in halves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.batches import Progress
from darling_plugin.similarity.classifier.card import Card, read_card
from darling_plugin.similarity.classifier.decision import BiFront, Front, PairFront, probabilities

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.forward import Forward

__all__ = ["DEFAULT", "Scorer", "load_forward", "load_scorer", "open_front", "probabilities"]

DEFAULT = "default"


class Scorer(Protocol):
    """A loaded classifier."""

    @property
    def name(self) -> str:
        """What it was loaded by."""
        ...

    @property
    def card(self) -> Card: ...

    @property
    def truncated(self) -> int:
        """How many texts were cut to the card's max_tokens so far."""
        ...

    def logits(self, pairs: Sequence[tuple[str, str]], /, progress: Progress | None = None) -> np.ndarray:
        """logits[k] of pairs[k], shape (len(pairs),), float64; the same for (a, b) and (b, a).

        `progress(done)` is called with the number of pairs, or of texts, that are newly done.
        """
        ...


class WholeScorer:
    """Both halves of a classifier in this process: what is read once, by `forward`, and what it means, by `front`."""

    def __init__(self, name: str, front: Front, forward: Forward):
        self.name = name
        self.front = front
        self.forward = forward

    @property
    def card(self) -> Card:
        return self.front.card

    @property
    def truncated(self) -> int:
        return self.forward.truncated

    def logits(self, pairs: Sequence[tuple[str, str]], /, progress: Progress | None = None) -> np.ndarray:
        items = self.front.items(pairs)
        return self.front.logits(pairs, dict(zip(items, self.forward(items, progress), strict=True)))


def load_scorer(model: str, *, device: str | None = None, tokens: int | None = None) -> Scorer:
    """The classifier called `model`: "default", the name of a checkpoint that the authors published, or a folder.

    Args:
        device: as torch names it; None takes an accelerator when there is one.
        tokens: of one forward pass, padding included; None is a good number for the machine.

    Raises `ConfigError` where there is none, or its folder is damaged, and `MissingDependencyError`.
    """
    return WholeScorer(model, open_front(model), load_forward(model, device=device, tokens=tokens))


def open_front(model: str) -> Front:
    """The light half of the classifier called `model`; loads no weights. Raises what `load_scorer` raises."""
    from darling_plugin.similarity.classifier import published

    if model != DEFAULT and published.is_published(model):
        return PairFront(published.open_card(model))
    folder = _folder(model)
    card = read_card(folder)
    return BiFront(card, folder) if card.kind == "bi-encoder" else PairFront(card)


def load_forward(model: str, *, device: str | None = None, tokens: int | None = None) -> Forward:
    """The heavy half of the classifier called `model`. Raises what `load_scorer` raises."""
    from darling_plugin.similarity.classifier import bi_encoder, cross_encoder, published

    budget = {} if tokens is None else {"tokens": tokens}
    if model != DEFAULT and published.is_published(model):
        return published.PublishedForward(published.load(model, device=device))
    folder = _folder(model)
    load = bi_encoder.load_forward if read_card(folder).kind == "bi-encoder" else cross_encoder.load_forward
    return load(folder, device=device, **budget)


def _folder(model: str) -> Path:
    return DEFAULT_FOLDER if model == DEFAULT else Path(model).expanduser()
