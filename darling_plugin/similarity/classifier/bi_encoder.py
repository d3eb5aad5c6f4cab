"""A siamese encoder: one encoding per response, then a cosine. A group of n costs n encodings, not n² pairs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.batches import TOKENS
from darling_plugin.similarity.classifier.card import Card, read_card
from darling_plugin.similarity.classifier.facts import FactReader
from darling_plugin.similarity.classifier.forward import Forward, TextForward, WithWords
from darling_plugin.similarity.classifier.hub import absent_path
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.segments import SegmentForward
from darling_plugin.similarity.classifier.weight_change import apply_change
from darling_plugin.similarity.packaged import PACKAGED, packaged_encoder, require
from darling_plugin.similarity.quiet_loading import quiet_loading

LOADING = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)  # what a damaged folder raises


def load_forward(folder: Path, *, device: str | None = None, tokens: int = TOKENS) -> Forward:
    """The encoder of a folder that `darling classifier train --kind bi-encoder` made.

    Args:
        device: as torch names it; None takes an accelerator when there is one.
        tokens: of one forward pass, padding included.
    """
    card = read_card(folder)
    if card.features:
        return _load_segments(folder, card, device, tokens)
    encoder = load_encoder(folder, base=card.base_model if card.adapter else None, device=device)
    forward = TextForward(encoder, card.max_tokens, tokens, most_chunks=card.tokens_read // card.max_tokens)
    return WithWords(forward, Reader.load(folder)) if card.wording else forward


def _load_segments(folder: Path, card: Card, device: str | None, tokens: int) -> Forward:
    encoder = load_encoder(resolve_base(card.base_model), device=device)
    try:
        apply_change(encoder[0].model, folder)
    except LOADING as error:
        raise ConfigError(f"cannot load the encoder's weights in {folder}: its folder is damaged: {error}") from error
    return SegmentForward(encoder, FactReader.load(folder), card.max_tokens, tokens)


def load_encoder(source: str | Path, *, base: str | None = None, device: str | None = None) -> Any:
    """A sentence-transformers model; with `base`, the folder holds a LoRA adapter that is merged into that model.

    Raises `ConfigError` where it cannot be loaded, and `MissingDependencyError`.
    """
    require("sentence_transformers")
    from sentence_transformers import SentenceTransformer

    folder = model_source(source, base)
    try:
        with quiet_loading(folder):
            encoder = SentenceTransformer(folder, device=device)
        check_tokenizer(encoder.tokenizer)
        if base is not None:
            merge_adapter(encoder, source)
    except LOADING as error:
        raise ConfigError(
            f"cannot load the encoder in {source}{f' over {base}' if base else ''}: its folder is damaged, or its base "
            f"model cannot be reached from here. The error was: {error}"
        ) from error
    return encoder.eval()


def model_source(source: str | Path, base: str | None) -> str:
    """The folder or hub name that holds the weights. Raises `ConfigError` for a folder that is not here."""
    found = str(source if base is None else resolve_base(base))
    if missing := absent_path(found):
        raise ConfigError(f"there is no model {found}: {missing}; check the name of the base model")
    return found


def check_tokenizer(tokenizer: Any) -> None:
    """Raises ValueError for a tokenizer without words, which transformers makes silently for a folder without one."""
    if len(tokenizer) <= len(set(tokenizer.all_special_tokens)):
        raise ValueError("the folder's tokenizer has no vocabulary; tokenizer.json is missing")


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
