"""One forward pass per pair, which reads both responses together: dearer than a bi-encoder, the more a group has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.classifier.bi_encoder import LOADING, check_tokenizer, merge_adapter, resolve_base
from darling_plugin.classifier.card import read_card
from darling_plugin.classifier.scorer import Progress
from darling_plugin.classifier.texts import Cutter
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.packaged import require

PAIRS_AT_ONCE = 256


class CrossEncoder:
    """logit(a, b) = scale · output + bias, output the mean of the model's for (a, b) and (b, a).

    A classifier trained on one order (card.both_orders false) is asked in one: the smaller text first. Either way,
    swapping the two changes nothing.

    Args:
        folder: made by `darling classifier train --kind cross-encoder`.
        name: what the user called it.
        device: as torch names it; None takes an accelerator when there is one.
        batch_size: pairs in one forward pass.
    """

    def __init__(self, folder: Path, *, name: str, device: str | None = None, batch_size: int = 32):
        self.name = name
        self.card = read_card(folder)
        self.batch_size = batch_size
        self._model = load_pair_model(folder, base=self.card.base_model if self.card.adapter else None, device=device)
        tokenizer = self._model.tokenizer
        self._model.max_seq_length = 2 * self.card.max_tokens + tokenizer.num_special_tokens_to_add(pair=True)
        self._cut = Cutter(tokenizer, self.card.max_tokens)

    @property
    def truncated(self) -> int:
        return self._cut.truncated

    def logits(self, pairs: Sequence[tuple[str, str]], /, progress: Progress | None = None) -> np.ndarray:
        cut = {text: self._cut(text) for text in dict.fromkeys(text for pair in pairs for text in pair)}
        outputs = pair_logits(
            self._model,
            [(cut[a], cut[b]) for a, b in pairs],
            both_orders=self.card.both_orders,
            batch_size=self.batch_size,
            progress=progress,
        )
        return self.card.scale * outputs + self.card.bias


def pair_logits(
    model: Any,
    pairs: Sequence[tuple[str, str]],
    *,
    both_orders: bool,
    batch_size: int,
    progress: Progress | None = None,
) -> np.ndarray:
    """The model's outputs for the pairs, symmetric in the two texts of each; shape (len(pairs),), float64."""
    asked = [(min(pair), max(pair)) for pair in pairs]
    if both_orders:
        asked += [(b, a) for a, b in asked]
    outputs = _outputs(model, asked, batch_size, progress)
    return (outputs[: len(pairs)] + outputs[len(pairs) :]) / 2 if both_orders else outputs


def _outputs(model: Any, pairs: list[tuple[str, str]], batch_size: int, progress: Progress | None) -> np.ndarray:
    from torch import nn

    order = sorted(range(len(pairs)), key=lambda row: sum(map(len, pairs[row])))
    outputs = np.empty(len(pairs), dtype=np.float64)
    for start in range(0, len(order), PAIRS_AT_ONCE):
        rows = order[start : start + PAIRS_AT_ONCE]
        outputs[rows] = model.predict(
            [pairs[row] for row in rows],
            batch_size=batch_size,
            activation_fn=nn.Identity(),
            show_progress_bar=False,
        )
        if progress is not None:
            progress(len(rows))
    return outputs


def load_pair_model(source: str | Path, *, base: str | None = None, device: str | None = None) -> Any:
    """A sentence-transformers cross-encoder with one output; with `base`, the folder's LoRA adapter is merged into it.

    Raises `ConfigError` where it cannot be loaded, and `MissingDependencyError`.
    """
    require("sentence_transformers")
    from sentence_transformers import CrossEncoder as Model

    try:
        model = Model(str(source if base is None else resolve_base(base)), num_labels=1, device=device)
        check_tokenizer(model.tokenizer)
        if base is not None:
            merge_adapter(model, source)
    except LOADING as error:
        raise ConfigError(
            f"cannot load the cross-encoder in {source}{f' over {base}' if base else ''}: its folder is damaged, or "
            f"its base model cannot be reached from here. It said: {error}"
        ) from error
    return model.eval()
