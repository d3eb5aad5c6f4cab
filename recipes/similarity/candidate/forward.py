"""The heavy half: loads the encoder of a folder and turns texts into rows of numbers.

The folder's model.safetensors holds what training changed of the packaged MiniLM, as 8-bit integers with one scale per
row: weight = packaged weight + scale · integer. That is 23 MB instead of 91, and the rounding is of the change only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.similarity.candidate.encoder import SegmentEncoder
from recipes.similarity.candidate.plain import plain
from recipes.similarity.candidate.reading import SEGMENTS, TokenReader

FILE = "model.safetensors"
AT_ONCE = 64  # texts whose token states are held together
UNREADABLE = 0.5  # share of characters that the vocabulary lacks, from which a text counts as unreadable


class Forward:
    """rows[k] of texts[k]: the whole text's unit vector, then its eight segments'; shape (texts, 9, 384), float32.

    Attributes:
        truncated: how many texts were cut so far.
        unreadable: how many were mostly made of characters that the vocabulary does not have.
    """

    def __init__(self, encoder: SegmentEncoder, reader: TokenReader):
        self._encoder, self._read = encoder.eval(), reader
        self.truncated = self.unreadable = 0

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        readings = self._read([plain(text) for text in texts])
        self.truncated += sum(reading.truncated for reading in readings)
        self.unreadable += sum(reading.unknown > UNREADABLE for reading in readings)
        order = sorted(range(len(texts)), key=lambda k: readings[k].length)
        rows = np.empty((len(texts), 1 + SEGMENTS, self._encoder.bert.config.hidden_size), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), AT_ONCE):
                part = order[start : start + AT_ONCE]
                rows[part] = self._encoder([readings[k] for k in part]).numpy()
        return rows


def load_forward(folder: Path) -> Forward:
    """The encoder stored in the folder. Raises OSError, KeyError or ValueError where it is damaged."""
    from safetensors.torch import load_file

    bert, tokenizer = packaged()
    stored = load_file(folder / FILE)
    state = bert.state_dict()
    for name, weight in state.items():
        if name in stored:
            change = stored[name].float() * stored[f"{name}.scale"].float()
            weight += change.view_as(weight)
    ids = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)
    return Forward(SegmentEncoder(bert, *ids), TokenReader(tokenizer.backend_tokenizer))


def save_change(bert: Any, folder: Path) -> None:
    """Store how the encoder's weights differ from the packaged ones, each row as 8-bit integers and a scale."""
    import torch
    from safetensors.torch import save_file

    stored = {}
    for name, weight in packaged()[0].state_dict().items():
        change = bert.state_dict()[name].detach().float() - weight
        if not weight.is_floating_point() or not change.any():
            continue
        rows = change.view(len(change), -1) if change.dim() > 1 else change.view(1, -1)
        scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
        stored[name] = (rows / scale).round().clamp(-127, 127).to(torch.int8)
        stored[f"{name}.scale"] = scale
    folder.mkdir(parents=True, exist_ok=True)
    save_file(stored, folder / FILE)


def packaged() -> tuple[Any, Any]:
    """The packaged MiniLM and its tokenizer, as transformers loads them."""
    from transformers import AutoModel, AutoTokenizer

    from darling_plugin.similarity.packaged import packaged_encoder

    folder = packaged_encoder()
    return AutoModel.from_pretrained(folder, add_pooling_layer=False), AutoTokenizer.from_pretrained(folder)
