"""What the machine can do at most: the bare model over the same tokens, in ideal batches made beforehand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from darling_plugin.similarity.classifier.batches import by_length
from darling_plugin.similarity.classifier.card import read_card
from darling_plugin.similarity.classifier.cross_encoder import load_pair_model
from darling_plugin.similarity.classifier.forward import Features, Tokens


class BareModel:
    """Only forward passes are timed: tokens, batches and tensors are there already."""

    def __init__(self, folder: Path, pairs: Sequence[tuple[str, str]]):
        card = read_card(folder)
        self._model = load_pair_model(folder, device="cpu")
        read, features = Tokens(self._model.tokenizer, card.max_tokens), Features(self._model, ("a b", "c"))
        rows = [read.finish(*read(pair)) for pair in pairs]
        batches = by_length([len(row.ids) for row in rows])
        self._batches = [features([rows[row] for row in batch], "cpu") for batch in batches]

    def seconds(self) -> float:
        """Of one pass over all pairs."""
        import torch

        began = time.perf_counter()
        with torch.inference_mode():
            for batch in self._batches:
                self._model(dict(batch))
        return time.perf_counter() - began
