"""One forward pass per pair, which reads both responses together: more expensive than a bi-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.batches import TOKENS, Progress
from darling_plugin.similarity.classifier.bi_encoder import LOADING, check_tokenizer, merge_adapter, model_source
from darling_plugin.similarity.classifier.card import read_card
from darling_plugin.similarity.classifier.forward import PairForward
from darling_plugin.similarity.packaged import require

PAIRS_AT_ONCE = 256


def load_forward(folder: Path, *, device: str | None = None, tokens: int = TOKENS) -> PairForward:
    """The pair encoder of a folder that `darling classifier train --kind cross-encoder` made.

    Args:
        device: as torch names it; None takes an accelerator when there is one.
        tokens: of one forward pass, padding included.
    """
    card = read_card(folder)
    model = load_pair_model(folder, base=card.base_model if card.adapter else None, device=device)
    return PairForward(model, card.max_tokens, tokens)


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

    folder = model_source(source, base)
    try:
        model = Model(folder, num_labels=1, device=device)
        check_tokenizer(model.tokenizer)
        if base is not None:
            merge_adapter(model, source)
    except LOADING as error:
        raise ConfigError(
            f"cannot load the cross-encoder in {source}{f' over {base}' if base else ''}: its folder is damaged, or "
            f"its base model cannot be reached from here. The error was: {error}"
        ) from error
    return model.eval()
