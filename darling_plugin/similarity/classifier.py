"""Equivalent = a trained classifier says so (`classifier/`): the paper's judge, and the default one here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from darling_plugin.classifier import DEFAULT_FOLDER, published
from darling_plugin.classifier.card import read_card
from darling_plugin.classifier.scorer import DEFAULT, Scorer, load_scorer, probabilities
from darling_plugin.core import checks
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.packaged import packaged_encoder, require

KEY = "darling.similarity.model"


class ClassifierSimilarity:
    """P(a, b) of a classifier that `darling classifier train` made, of the shipped one, or of the authors' own.

    `default_threshold` is the one in the model's folder. A verdict is kept by content, so that a pair that comes again
    in a later step costs nothing.

    Args:
        model: "default" (None as well) for the shipped one, a folder, or the name of a published checkpoint.
        device: as torch names it; None takes an accelerator when there is one.
        batch_size: texts, or pairs, in one forward pass.
        cache_size: verdicts kept, the most recently used.
    """

    short_text_rule = True

    def __init__(
        self,
        model: str | None = None,
        device: str | None = None,
        batch_size: int = 32,
        cache_size: int = 1_000_000,
    ):
        # All that can be wrong with the settings comes out here, before a job takes its GPUs; the weights are loaded
        # by the first call, so an unused judge is cheap to make and to send to another process.
        require("sentence_transformers")
        self.model = model or DEFAULT
        if self.model == DEFAULT:
            require("peft")
            packaged_encoder()
        try:
            self.default_threshold = _threshold(self.model)
        except ConfigError as error:
            raise ConfigError(f"`{KEY}` is {self.model!r}: {error}") from None
        self.device = device
        self.batch_size = checks.at_least_one("batch_size", batch_size)
        self.cache_size = checks.at_least_one("cache_size", cache_size)
        self._cache: OrderedDict[tuple[str, str], float] = OrderedDict()

    @cached_property
    def scorer(self) -> Scorer:
        """The classifier, loaded."""
        return load_scorer(self.model, device=self.device, batch_size=self.batch_size)

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._cache]
        if new:
            p = probabilities(self.scorer.logits(new), self.scorer.card.temperature)
            self._cache.update(zip(new, p.tolist(), strict=True))
        found = np.array([self._cache[pair] for pair in pairs], dtype=np.float64)
        for pair in pairs:  # only now may the oldest go: one call can hold more pairs than the cache
            self._cache.move_to_end(pair)
        while len(self._cache) > self.cache_size:
            self._cache.popitem(last=False)
        return found


def _threshold(model: str) -> float:
    """The stored threshold, read without the weights."""
    if published.is_published(model):
        return published.open_reader(model).form.threshold
    return read_card(DEFAULT_FOLDER if model == DEFAULT else Path(model).expanduser()).threshold
