"""How much of each response a similarity reads, and which ones are in a script that it cannot read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from darling_plugin.form.plain import plain
from darling_plugin.similarity import (
    CascadeSimilarity,
    ClassifierSimilarity,
    EmbeddingSimilarity,
    JudgeSimilarity,
    Similarity,
)
from darling_plugin.similarity.classifier.scorer import DEFAULT
from darling_plugin.similarity.packaged import packaged_encoder

Share = Callable[[str], float]


def shares_read(similarity: Similarity, texts: Sequence[str]) -> list[float | None]:
    """The share of each text's characters, from its beginning, that is read; None where it cannot be told.

    An LLM judge's server decides what it cuts. Of a cascade, what its second classifier reads counts.
    """
    share = _share(similarity)
    return [None if share is None else share(text) for text in texts]


def unreadable(similarity: Similarity, texts: Sequence[str]) -> list[bool]:
    """Whether each text is mostly in a script that the similarity's encoder lacks, so that its characters count."""
    read = getattr(similarity.forward, "read", None) if isinstance(similarity, ClassifierSimilarity) else None
    if read is None:
        return [False] * len(texts)
    return [reading.unreadable for reading in read([plain(text) for text in texts])]


def _share(similarity: Any) -> Share | None:
    if isinstance(similarity, CascadeSimilarity):
        return _share(similarity.second)
    if isinstance(similarity, JudgeSimilarity):
        return None
    if isinstance(similarity, EmbeddingSimilarity):
        return _by_tokens(similarity.encoder.tokenizer.backend_tokenizer, similarity.front.max_tokens)
    if not isinstance(similarity, ClassifierSimilarity):
        return lambda text: 1.0  # it is given whole texts
    read = getattr(similarity.forward, "read", None)
    if read is not None:  # a model that skims, so that no number of tokens says how far it came
        return lambda text: _longest(plain(text), lambda part: not read([part])[0].truncated)
    folder = Path(packaged_encoder() if similarity.model == DEFAULT else similarity.model)
    if not (file := folder / "tokenizer.json").is_file():
        return None
    from tokenizers import Tokenizer

    return _by_tokens(Tokenizer.from_file(str(file)), similarity.front.max_tokens)


def _by_tokens(tokenizer: Any, most: int | None) -> Share:
    if most is None:
        return lambda text: 1.0
    from tokenizers import Tokenizer

    whole = Tokenizer.from_str(tokenizer.to_str())
    whole.no_truncation()
    whole.no_padding()

    def share(text: str) -> float:
        readable = text.encode("utf-8", "replace").decode("utf-8")
        offsets = whole.encode(readable, add_special_tokens=False).offsets
        return 1.0 if len(offsets) <= most else offsets[most - 1][1] / len(readable)

    return share


def _longest(text: str, is_read: Callable[[str], bool]) -> float:
    """The share of the longest beginning of the text that is read whole."""
    if is_read(text):
        return 1.0
    low, high = 0, len(text)
    while high - low > max(1, len(text) // 1000):
        middle = (low + high) // 2
        low, high = (middle, high) if is_read(text[:middle]) else (low, middle)
    return low / len(text)
