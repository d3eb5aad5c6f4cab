"""Texts to vectors: one forward pass per chunk, token states averaged over the whole text and over its segments.

    rows[k] = [mean of all tokens | mean of segment 1 | … | mean of segment 8], each a unit vector

Width 9 · 384. A text of one segment repeats it; an empty text is the mean of the two special tokens' states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from recipes.similarity.candidate.reading import SEGMENTS, Reading, segment_of

TOKENS = 4096  # of one forward pass, padding included


class SegmentEncoder(nn.Module):
    """A BERT-like encoder whose output is a text's mean vector and its segments'.

    Args:
        bert: a transformers model with `last_hidden_state`.
        cls, sep, pad: ids of the special tokens.
    """

    def __init__(self, bert: Any, cls: int, sep: int, pad: int):
        super().__init__()
        self.bert = bert
        self.cls, self.sep, self.pad = cls, sep, pad

    def forward(self, readings: Sequence[Reading]) -> Tensor:
        """vectors[k, 0] = the whole text k, vectors[k, 1 + s] = its segment s; shape (texts, 1 + SEGMENTS, width)."""
        chunks = [(text, chunk) for text, reading in enumerate(readings) for chunk in reading.chunks]
        order = sorted(range(len(chunks)), key=lambda k: len(chunks[k][1]))
        owners = [_owners(text, reading) for text, reading in enumerate(readings)]
        place = [part for parts in owners for part in parts]  # of each chunk's tokens
        states, places = [], []
        for batch in _batches(order, [len(chunk) + 2 for _, chunk in chunks]):
            out = self._run([chunks[k][1] for k in batch])
            for row, k in enumerate(batch):
                own = place[k]
                # A chunk without tokens counts its special ones, so that an empty text has a vector.
                states.append(out[row, 1 : 1 + len(own)] if chunks[k][1] else out[row, :2])
                places.extend(own)
        flat = torch.cat(states).float()
        index = torch.tensor(places)
        sums = flat.new_zeros(len(readings) * SEGMENTS, flat.shape[1]).index_add_(0, index, flat)
        counts = flat.new_zeros(len(readings) * SEGMENTS).index_add_(0, index, flat.new_ones(len(index)))
        sums, counts = sums.view(len(readings), SEGMENTS, -1), counts.view(len(readings), SEGMENTS)
        whole = functional.normalize(sums.sum(1), dim=-1)
        filled = (counts > 0).sum(1)
        slot = (torch.arange(SEGMENTS)[None] * filled[:, None]) // SEGMENTS
        parts = functional.normalize(sums, dim=-1).gather(1, slot[:, :, None].expand(-1, -1, sums.shape[2]))
        return torch.cat([whole[:, None], parts], dim=1)

    def _run(self, chunks: Sequence[Sequence[int]]) -> Tensor:
        longest = max(map(len, chunks)) + 2
        rows = [[self.cls, *chunk, self.sep] + [self.pad] * (longest - 2 - len(chunk)) for chunk in chunks]
        ids = torch.tensor(rows)
        lengths = torch.tensor([len(chunk) + 2 for chunk in chunks])
        mask = (torch.arange(longest)[None] < lengths[:, None]).long()
        return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state


def _owners(text: int, reading: Reading) -> list[list[int]]:
    """For each chunk, the row (text · SEGMENTS + segment) that each of its tokens is added to."""
    if not reading.length:
        return [[text * SEGMENTS] * 2 for _ in reading.chunks]
    rows = [text * SEGMENTS + segment for segment in segment_of(reading.length)]
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
