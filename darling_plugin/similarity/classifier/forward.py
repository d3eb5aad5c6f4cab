"""The heavy half of a classifier: forward passes over texts, or over ordered pairs of texts.

Each text is tokenized once, cut by itself to so many tokens; pairs are put together from their texts' tokens; batches
hold rows of like length (`batches.py`); on a GPU matrices are multiplied in bfloat16 (`half_precision`). The light
half, what the numbers mean, is `decision.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from darling_plugin.similarity.classifier.batches import TOKENS, Progress, by_length
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.memory import Item
from darling_plugin.similarity.classifier.rows import Rows, pack
from darling_plugin.similarity.classifier.truncation import CHARACTERS_PER_TOKEN

AT_ONCE = 2048  # rows whose tokens are held in memory together


class Forward(Protocol):
    """A loaded model."""

    @property
    def truncated(self) -> int:
        """How many texts were cut so far."""
        ...

    def __call__(self, items: Sequence[Any], progress: Progress | None = None) -> Rows:
        """rows[k] = what the model says of items[k]: (width,) float32, or what `rows.pack` makes."""
        ...


class TextForward:
    """Unit vectors of texts, by a sentence-transformers encoder; (n, dimensions) float32.

    A text of more than max_tokens is read in up to most_chunks chunks of equal length; its vector is the mean of
    theirs, brought to length 1. With one chunk it is read by its head.

    Args:
        encoder: a `SentenceTransformer`.
        max_tokens: of a chunk, special tokens not counted.
        tokens: of a batch, padding included.
    """

    def __init__(self, encoder: Any, max_tokens: int, tokens: int = TOKENS, *, most_chunks: int = 1):
        self._encoder = encoder
        self._read = Tokens(encoder.tokenizer, max_tokens * most_chunks)
        self._features = Features(encoder, "a b")
        self._max_tokens = max_tokens
        self._budget = tokens

    @property
    def truncated(self) -> int:
        return self._read.truncated

    def __call__(self, items: Sequence[Item], progress: Progress | None = None) -> np.ndarray:
        import torch

        unit = torch.nn.functional.normalize
        parts = [np.empty((0, self._encoder.get_embedding_dimension()), dtype=np.float32)]
        for start in range(0, len(items), AT_ONCE):
            texts = [item for item in items[start : start + AT_ONCE] if isinstance(item, str)]
            chunks = [chunked(encoding, self._max_tokens) for encoding in self._read(texts)]
            rows = [self._read.finish(chunk) for own in chunks for chunk in own]
            whole = progress if len(rows) == len(texts) else None
            out = unit(_run(self._encoder, self._features, rows, "sentence_embedding", self._budget, whole), dim=1)
            if len(rows) > len(texts):
                text = torch.repeat_interleave(torch.arange(len(texts)), torch.tensor([len(own) for own in chunks]))
                out = unit(torch.zeros(len(texts), out.shape[1]).index_add(0, text, out), dim=1)
                if progress is not None:
                    progress(len(texts))
            parts.append(out.numpy())
        return np.concatenate(parts)


class WithWords:
    """The encodings of another forward pass, each with its text's words beside it, as one row (`rows.py`)."""

    def __init__(self, forward: Forward, reader: Reader):
        self.forward = forward
        self._reader = reader

    @property
    def truncated(self) -> int:
        return self.forward.truncated

    def __call__(self, items: Sequence[Item], progress: Progress | None = None) -> list[np.ndarray]:
        vectors = self.forward(items, progress)
        texts = [item for item in items if isinstance(item, str)]
        return [pack(vector, self._reader.read(text)) for vector, text in zip(vectors, texts, strict=True)]


class PairForward:
    """Outputs of a sentence-transformers cross-encoder with one output, for ordered pairs; (n, 1).

    Args:
        model: a `CrossEncoder`.
        max_tokens: of each response that are read.
        tokens: of a batch, padding included.
    """

    def __init__(self, model: Any, max_tokens: int, tokens: int = TOKENS):
        self._model = model
        self._read = Tokens(model.tokenizer, max_tokens)
        self._features = Features(model, ("a b", "c"))
        self._budget = tokens

    @property
    def truncated(self) -> int:
        return self._read.truncated

    def __call__(self, items: Sequence[Item], progress: Progress | None = None) -> np.ndarray:
        pairs = [item for item in items if isinstance(item, tuple)]
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        read = dict(zip(texts, self._read(texts), strict=True))
        parts = [np.empty((0, 1), dtype=np.float32)]
        for start in range(0, len(pairs), AT_ONCE):
            rows = [self._read.finish(read[a], read[b]) for a, b in pairs[start : start + AT_ONCE]]
            out = _run(self._model, self._features, rows, "scores", self._budget, progress)
            parts.append(out.reshape(len(rows), 1).numpy())
        return np.concatenate(parts)


class Tokens:
    """Texts as a tokenizer's encodings, each cut to max_tokens by itself; counts the ones that were longer."""

    def __init__(self, tokenizer: Any, max_tokens: int):
        from tokenizers import Tokenizer

        # A copy: transformers switches truncation and padding of the original on and off.
        self._tokenizer = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_tokens = max_tokens
        self.truncated = 0

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        """Without special tokens. Characters that are no text (lone surrogates) are read as "?"."""
        most = self.max_tokens * CHARACTERS_PER_TOKEN  # so that a million characters cost no more than a long text
        clean = [text[: most + 1].encode("utf-8", "replace").decode("utf-8") for text in texts]
        encodings = self._tokenizer.encode_batch([text[:most] for text in clean], add_special_tokens=False)
        for text, encoding in zip(clean, encodings, strict=True):
            self.truncated += len(text) > most or len(encoding.ids) > self.max_tokens
            encoding.truncate(self.max_tokens)
        return encodings

    def finish(self, first: Any, second: Any = None) -> Any:
        """One text, or two, with the tokenizer's special tokens."""
        return self._tokenizer.post_process(first, second, True)


def chunked(encoding: Any, most: int) -> list[Any]:
    """An encoding as encodings of at most so many tokens each, of equal length but for one token; one for no tokens."""
    total = len(encoding.ids)
    if total <= most:
        return [encoding]
    encoding.truncate(math.ceil(total / math.ceil(total / most)))  # what is beyond is kept in `overflowing`
    return [encoding, *encoding.overflowing]


class Features:
    """Encodings as the tensors that a sentence-transformers model takes, padded on its tokenizer's side."""

    def __init__(self, model: Any, example: Any):
        given = model.preprocess([example])
        self._keys = [key for key in ("attention_mask", "token_type_ids") if key in given]
        self._other = {key: value for key, value in given.items() if isinstance(value, str)}
        self._pad = model.tokenizer.pad_token_id or 0
        self._left = model.tokenizer.padding_side == "left"

    def __call__(self, rows: Sequence[Any], device: Any) -> dict[str, Any]:
        import torch

        longest = max(len(row.ids) for row in rows)

        def padded(values: list[list[int]], fill: int) -> Any:
            filled = [
                [fill] * (longest - len(v)) + v if self._left else v + [fill] * (longest - len(v)) for v in values
            ]
            return torch.tensor(filled, device=device)

        features = {"input_ids": padded([row.ids for row in rows], self._pad)}
        if "attention_mask" in self._keys:
            features["attention_mask"] = padded([[1] * len(row.ids) for row in rows], 0)
        if "token_type_ids" in self._keys:
            features["token_type_ids"] = padded([row.type_ids for row in rows], 0)
        return features | self._other


def half_precision(model: Any) -> AbstractContextManager[Any]:
    """Within it, a model in float32 multiplies its matrices in bfloat16 where its device is a GPU that has it.

    An encoder of long texts then reads nearly three times as fast, a small one no faster (docs/service.md), and logits
    differ by some hundredths. Weights, norms and softmax stay in float32. CPUs, and models in another precision,
    compute as they are.
    """
    import torch

    able = (
        model.device.type == "cuda"
        and next(model.parameters()).dtype == torch.float32
        and torch.cuda.is_bf16_supported(including_emulation=False)
    )
    return torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=able)


def _run(
    model: Any, features: Features, rows: Sequence[Any], output: str, budget: int, progress: Progress | None
) -> Any:
    """The model's `output` for each row, in their order; a float32 tensor on the CPU."""
    import torch

    found: list[Any] = [None] * len(rows)
    with torch.inference_mode(), half_precision(model):
        for batch in by_length([len(row.ids) for row in rows], budget):
            out = model(features([rows[row] for row in batch], model.device))[output].float().cpu()
            for row, value in zip(batch, out, strict=True):
                found[row] = value
            if progress is not None:
                progress(len(batch))
    return torch.stack(found) if found else torch.empty(0)
