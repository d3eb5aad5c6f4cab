"""Texts to vectors of the whole and of its segments: the heavy half of the shipped classifier.

    row = [mean of all token states | mean of segment 1's | … | mean of segment k's], each brought to length 1

k is 1 for a text of less than 48 tokens and at most 8 (`reading.py`). An empty text is the mean of its special tokens.
Beside the vectors a row holds what is compared exactly (`facts.py`, `rows.py`).
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from darling_plugin.form.plain import plain
from darling_plugin.similarity.classifier.batches import TOKENS, Progress, by_length
from darling_plugin.similarity.classifier.facts import FactReader
from darling_plugin.similarity.classifier.forward import half_precision
from darling_plugin.similarity.classifier.memory import Item
from darling_plugin.similarity.classifier.reading import Reading, TokenReader, segment_count
from darling_plugin.similarity.classifier.rows import pack_facts

logger = logging.getLogger(__name__)

AT_ONCE = 2048  # texts whose sums are held in memory together


class Chunk(NamedTuple):
    """ids: with special tokens. places: where each of them is added to; −1 for nowhere."""

    ids: list[int]
    places: list[int]


class SegmentForward:
    """Rows of texts, as `rows.pack_facts` makes them.

    Args:
        encoder: a `SentenceTransformer` over a BERT-like model, its weights trained already.
        facts: reads what is compared exactly.
        chunk: tokens of one chunk, special tokens not counted.
        tokens: of a batch, padding included.

    Attributes:
        truncated: texts that were cut so far.
        unreadable: texts that were mostly made of characters which the vocabulary lacks.
    """

    def __init__(self, encoder: Any, facts: FactReader, chunk: int, tokens: int = TOKENS):
        self._encoder, self._facts, self._budget = encoder, facts, tokens
        self.read = TokenReader(encoder.tokenizer.backend_tokenizer, chunk)
        self.truncated = self.unreadable = 0

    def __call__(self, items: Sequence[Item], progress: Progress | None = None) -> list[np.ndarray]:
        texts = [item for item in items if isinstance(item, str)]
        rows: list[np.ndarray] = []
        for start in range(0, len(texts), AT_ONCE):
            some = texts[start : start + AT_ONCE]
            bare = [plain(text) for text in some]
            readings = self.read(bare)
            self._count(readings)
            for own, reading, text, unwrapped in zip(self.vectors(readings), readings, some, bare, strict=True):
                rows.append(pack_facts(own, self._facts.read(text, unreadable=reading.unreadable, bare=unwrapped)))
            if progress is not None:
                progress(len(some))
        return rows

    def vectors(self, readings: Sequence[Reading]) -> list[np.ndarray]:
        """vectors[k] of readings[k]: (1 + segments, dimensions) float32, the whole text's first."""
        import torch

        counts = [segment_count(reading.length) for reading in readings]
        firsts = np.concatenate([[0], np.cumsum(counts)]).astype(int)
        chunks = [
            chunk
            for reading, first in zip(readings, firsts[:-1].tolist(), strict=True)
            for chunk in self._chunks(reading, first)
        ]
        with torch.inference_mode(), half_precision(self._encoder):
            sums, tokens = self._sums(chunks, int(firsts[-1]))
        found = []
        for first, last in itertools.pairwise(firsts):
            whole = sums[first:last].sum(0, keepdims=True) / tokens[first:last].sum()
            parts = np.concatenate([whole, sums[first:last] / tokens[first:last, None]])
            found.append(parts / np.linalg.norm(parts, axis=1, keepdims=True).clip(1e-12))
        return found

    def _count(self, readings: Sequence[Reading]) -> None:
        self.truncated += sum(reading.truncated for reading in readings)
        unreadable = sum(reading.unreadable for reading in readings)
        self.unreadable += unreadable
        if unreadable:
            warn_of_scripts()

    def _chunks(self, reading: Reading, first: int) -> list[Chunk]:
        cls, sep = self._encoder.tokenizer.cls_token_id, self._encoder.tokenizer.sep_token_id
        if not reading.length:
            return [Chunk([cls, sep], [first, first])]
        count = segment_count(reading.length)
        segment = [first + t * count // reading.length for t in range(reading.length)]
        chunks, start = [], 0
        for ids in reading.chunks:
            chunks.append(Chunk([cls, *ids, sep], [-1, *segment[start : start + len(ids)], -1]))
            start += len(ids)
        return chunks

    def _sums(self, chunks: Sequence[Chunk], segments: int) -> tuple[np.ndarray, np.ndarray]:
        """The sum of the token states of each segment, (segments, dimensions), and the number of its tokens."""
        import torch

        model, device = self._encoder[0].model, self._encoder.device
        total = torch.zeros(segments + 1, model.config.hidden_size, device=device)  # the last row is for nowhere
        for batch in by_length([len(chunk.ids) for chunk in chunks], self._budget):
            longest = max(len(chunks[k].ids) for k in batch)
            ids = _padded([chunks[k].ids for k in batch], longest, self._encoder.tokenizer.pad_token_id)
            lengths = torch.tensor([len(chunks[k].ids) for k in batch])
            mask = (torch.arange(longest)[None] < lengths[:, None]).long()
            out = model(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state
            places = _padded([[p % (segments + 1) for p in chunks[k].places] for k in batch], longest, segments)
            total.index_add_(0, places.flatten().to(device), out.float().flatten(0, 1))
        counted = np.bincount([p for chunk in chunks for p in chunk.places if p >= 0], minlength=segments)
        return total[:segments].cpu().numpy(), counted.astype(np.float32)


def _padded(rows: Sequence[Sequence[int]], longest: int, fill: int) -> Any:
    import torch

    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows])


@cache
def warn_of_scripts() -> None:
    """Say it once in a process, however many similarities and calls it has."""
    logger.warning(
        "darling: some responses are mostly in a script that the classifier's encoder cannot read (Chinese, Thai, …). "
        "They are compared by their characters, which finds near copies but not paraphrases. Set "
        "darling.similarity.model to a model that reads such texts."
    )
