"""The segment encoder as a torch module that learns; `darling_plugin/similarity/classifier/segments.py` runs it.

    vectors[k] = [mean of all token states of text k | of its segment 1 | … | of its segment 8], of length 1

A text of fewer segments repeats them; an empty text is the mean of its two special tokens' states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from darling_plugin.similarity.classifier.bi_encoder import load_encoder
from darling_plugin.similarity.classifier.reading import SEGMENTS, Reading, TokenReader, segment_count
from darling_plugin.similarity.packaged import packaged_encoder
from recipes.similarity.common import CHUNK

TOKENS = 4096  # of one forward pass, padding included


class SegmentEncoder(nn.Module):
    """A BERT-like encoder with gradients.

    Args:
        model: a `SentenceTransformer`, such as the packaged MiniLM.
    """

    def __init__(self, model: Any):
        super().__init__()
        self.bert, tokenizer = model[0].model, model.tokenizer
        self.cls, self.sep, self.pad = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
        self.read = TokenReader(tokenizer.backend_tokenizer, CHUNK)

    def forward(self, readings: Sequence[Reading]) -> Tensor:
        """vectors[k, 0] = the whole text k, vectors[k, 1 + s] = its segment s; shape (texts, 1 + SEGMENTS, width)."""
        chunks = [(text, chunk) for text, reading in enumerate(readings) for chunk in reading.chunks]
        order = sorted(range(len(chunks)), key=lambda k: len(chunks[k][1]))
        place = [part for text, reading in enumerate(readings) for part in _owners(text, reading)]  # of each token
        states, places = [], []
        for batch in _batches(order, [len(chunk) + 2 for _, chunk in chunks]):
            out = self._run([chunks[k][1] for k in batch])
            for row, k in enumerate(batch):
                # A chunk without tokens counts its special ones, so that an empty text has a vector.
                states.append(out[row, 1 : 1 + len(place[k])] if chunks[k][1] else out[row, :2])
                places.extend(place[k])
        flat = torch.cat(states).float()
        index = torch.tensor(places)
        sums = flat.new_zeros(len(readings) * SEGMENTS, flat.shape[1]).index_add_(0, index, flat)
        sums = sums.view(len(readings), SEGMENTS, -1)
        whole = functional.normalize(sums.sum(1), dim=-1)
        filled = torch.tensor([segment_count(reading.length) for reading in readings])
        slot = (torch.arange(SEGMENTS)[None] * filled[:, None]) // SEGMENTS
        parts = functional.normalize(sums, dim=-1).gather(1, slot[:, :, None].expand(-1, -1, sums.shape[2]))
        return torch.cat([whole[:, None], parts], dim=1)

    def _run(self, chunks: Sequence[Sequence[int]]) -> Tensor:
        longest = max(map(len, chunks)) + 2
        rows = [[self.cls, *chunk, self.sep] + [self.pad] * (longest - 2 - len(chunk)) for chunk in chunks]
        lengths = torch.tensor([len(chunk) + 2 for chunk in chunks])
        mask = (torch.arange(longest)[None] < lengths[:, None]).long()
        out: Tensor = self.bert(input_ids=torch.tensor(rows), attention_mask=mask).last_hidden_state
        return out


def packaged() -> Any:
    """The packaged MiniLM, as sentence-transformers loads it."""
    return load_encoder(packaged_encoder(), device="cpu")


def _owners(text: int, reading: Reading) -> list[list[int]]:
    """For each chunk, the row (text · SEGMENTS + segment) that each of its tokens is added to."""
    if not reading.length:
        return [[text * SEGMENTS] * 2 for _ in reading.chunks]
    count = segment_count(reading.length)
    rows = [text * SEGMENTS + t * count // reading.length for t in range(reading.length)]
    found, start = [], 0
    for chunk in reading.chunks:
        found.append(rows[start : start + len(chunk)])
        start += len(chunk)
    return found


def _batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Chunks of like length together, padded to at most TOKENS tokens; `order` is by length, ascending."""
    batches: list[list[int]] = []
    for k in order:
        if batches and (len(batches[-1]) + 1) * lengths[k] <= TOKENS:
            batches[-1].append(k)
        else:
            batches.append([k])
    return batches
