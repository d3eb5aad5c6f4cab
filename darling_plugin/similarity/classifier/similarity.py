"""Equivalent = a trained classifier says so (`classifier/`): the paper's method, and the default here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.memory import Memory
from darling_plugin.similarity.classifier.rows import vector_of
from darling_plugin.similarity.classifier.scorer import DEFAULT, load_forward, open_front
from darling_plugin.similarity.packaged import packaged_encoder, require

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.forward import Forward

KEY = "darling.similarity.model"


class ClassifierSimilarity:
    """P(a, b) of a classifier that `darling classifier train` made, of the shipped one, or of the authors' own.

    `default_threshold` is the one in the model's folder. What the model said of a response, or of a pair, is kept by
    content, so that a repeated one costs nothing in a later step.

    Args:
        model: "default" (None as well) for the shipped one, a folder, or the name of a published checkpoint.
        device: as torch names it; None takes an accelerator when there is one.
        memory: where what was said is kept.
    """

    short_text_rule: str | bool = "form"

    def __init__(self, model: str | None = None, device: str | None = None, memory: Memory | None = None):
        # All that can be wrong with the settings comes out here, before a job takes its GPUs; the weights are loaded
        # by the first call, so an unused similarity is cheap to make and to send to another process.
        require("sentence_transformers")
        self.model = model or DEFAULT
        if self.model == DEFAULT:
            packaged_encoder()
        try:
            self.front = open_front(self.model)
        except ConfigError as error:
            raise ConfigError(f"`{KEY}` is {self.model!r}: {error}") from None
        self.default_threshold = self.front.card.threshold
        self.device = device
        self._memory = memory

    @cached_property
    def memory(self) -> Memory:
        return Memory(characters=self.front.characters) if self._memory is None else self._memory

    @cached_property
    def forward(self) -> Forward:
        """The model, loaded."""
        return self.loader(self.device)()

    def loader(self, device: str | None) -> Callable[[], Forward]:
        """What loads the model on a device, here or in another process."""
        return partial(load_forward, self.model, device=device)

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        return self.front.probabilities(pairs, self._rows(self.front.items(pairs)))

    def vectors(self, texts: Sequence[str], /) -> np.ndarray:
        """The encoding of each text, shape (len(texts), dimensions). Raises `ConfigError` for a model of pairs."""
        if self.front.reads == "pairs":
            raise ConfigError(
                f"`{KEY}` is {self.model!r}, which reads pairs of responses and does not encode single responses; set "
                "it to a bi-encoder (null is the shipped one)"
            )
        rows = self._rows(list(dict.fromkeys(texts)))
        return np.stack([vector_of(rows[text]) for text in texts])

    def _rows(self, items: list[Any]) -> dict[Any, np.ndarray]:
        """What the model said of each item, from memory where it was said before."""
        known = zip(items, self.memory.lookup(items), strict=True)
        rows = {item: row for item, row in known if row is not None}
        new = [item for item in items if item not in rows]
        if new:
            said = self.forward(new)
            self.memory.keep(new, said)
            rows.update(zip(new, said, strict=True))
        return rows
