"""A siamese encoder: one encoding per response, then a cosine. A group of n costs n encodings, not n² pairs."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from darling_plugin.classifier.card import read_card
from darling_plugin.classifier.scorer import Progress
from darling_plugin.classifier.texts import Cutter
from darling_plugin.classifier.wording import Reader, Wording
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.packaged import PACKAGED, packaged_encoder, require

TEXTS_AT_ONCE = 512
LOADING = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)  # what a damaged folder raises
CACHED = 32_768  # readings; 100 MB for the default model and responses of 300 words


@dataclass(frozen=True, slots=True)
class Reading:
    """One response, read: a unit vector, and its wording where the classifier compares that too."""

    vector: np.ndarray
    wording: Wording | None


class BiEncoder:
    """logit(a, b) = scale · cos(encoding of a, encoding of b) + Σ weight_f · f(wording of a, wording of b) + bias.

    Symmetric in a and b. A text that was read before is not read again (the most recently used are kept).

    Args:
        folder: made by `darling classifier train --kind bi-encoder`.
        name: what the user called it.
        device: as torch names it; None takes an accelerator when there is one.
        batch_size: texts in one forward pass.
    """

    def __init__(self, folder: Path, *, name: str, device: str | None = None, batch_size: int = 32):
        self.name = name
        self.card = read_card(folder)
        self.batch_size = batch_size
        self.reader = Reader.load(folder) if self.card.wording else None
        self._weights = np.array(list(self.card.wording.values()))
        self._encoder = load_encoder(folder, base=self.card.base_model if self.card.adapter else None, device=device)
        tokenizer = self._encoder.tokenizer
        self._encoder.max_seq_length = self.card.max_tokens + tokenizer.num_special_tokens_to_add(pair=False)
        self._cut = Cutter(tokenizer, self.card.max_tokens)
        self._cache: OrderedDict[str, Reading] = OrderedDict()

    @property
    def truncated(self) -> int:
        return self._cut.truncated

    def read(self, texts: Sequence[str], progress: Progress | None = None) -> list[Reading]:
        """The readings of the texts, in their order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._cache]
        for start in range(0, len(new), TEXTS_AT_ONCE):
            chunk = new[start : start + TEXTS_AT_ONCE]
            for text, vector in zip(chunk, self._encode(chunk), strict=True):
                self._cache[text] = Reading(vector, self.reader.read(text) if self.reader else None)
            if progress is not None:
                progress(len(chunk))
        readings = [self._cache[text] for text in texts]
        for text in texts:  # only now may the oldest go: one call can hold more texts than the cache
            self._cache.move_to_end(text)
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return readings

    def compare(self, a: Reading, b: Reading) -> float:
        """The logit of two readings."""
        logit = self.card.scale * float(a.vector @ b.vector) + self.card.bias
        if self.reader is not None and a.wording is not None and b.wording is not None:
            logit += float(self._weights @ self.reader.compare(a.wording, b.wording))
        return logit

    def logits(self, pairs: Sequence[tuple[str, str]], /, progress: Progress | None = None) -> np.ndarray:
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        reading = dict(zip(texts, self.read(texts, progress), strict=True))
        return np.array([self.compare(reading[a], reading[b]) for a, b in pairs], dtype=np.float64)

    def _encode(self, texts: list[str]) -> np.ndarray:
        """Unit vectors, shape (len(texts), dimensions), float32."""
        return self._encoder.encode(
            [self._cut(text) for text in texts],
            batch_size=self.batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )


def load_encoder(source: str | Path, *, base: str | None = None, device: str | None = None) -> Any:
    """A sentence-transformers model; with `base`, the folder holds a LoRA adapter that is merged into that model.

    Raises `ConfigError` where it cannot be loaded, and `MissingDependencyError`.
    """
    require("sentence_transformers")
    from sentence_transformers import SentenceTransformer

    folder = str(source if base is None else resolve_base(base))
    try:
        encoder = SentenceTransformer(folder, device=device)
        check_tokenizer(encoder.tokenizer)
        if base is not None:
            merge_adapter(encoder, source)
    except LOADING as error:
        raise ConfigError(
            f"cannot load the encoder in {source}{f' over {base}' if base else ''}: its folder is damaged, or its base "
            f"model cannot be reached from here. It said: {error}"
        ) from error
    return encoder.eval()


def check_tokenizer(tokenizer: Any) -> None:
    """Raises ValueError for a tokenizer without words: what transformers makes, in silence, of a folder without one."""
    if len(tokenizer) <= len(set(tokenizer.all_special_tokens)):
        raise ValueError("the folder's tokenizer knows no words; tokenizer.json is missing")


def merge_adapter(model: Any, adapter: str | Path) -> None:
    """Put the LoRA adapter in that folder into the weights of a sentence-transformers model, at no cost afterwards."""
    require("peft")
    from peft import PeftModel

    with warnings.catch_warnings():
        # peft 0.21 reads a property that transformers 5.23 has renamed
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        model[0].model = PeftModel.from_pretrained(model[0].model, str(adapter)).merge_and_unload()


def resolve_base(base: str) -> str:
    """The folder, or hub name, of what a card calls its base model."""
    return packaged_encoder() if base == PACKAGED else base
