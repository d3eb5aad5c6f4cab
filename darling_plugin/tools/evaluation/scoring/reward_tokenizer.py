"""The tokenizer of a reward model, which must have a chat template."""

from __future__ import annotations

from typing import Any

from darling_plugin.errors import ConfigError


def reward_tokenizer(model: str, setting: str) -> Any:
    """Of a folder, or of a name on the hub. Raises `ConfigError` that names `setting` where it cannot be used."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"`{setting}` is {model!r}, and transformers finds no tokenizer there ({error!s:.200}); give the reward "
            "model's folder, or a name on the hub that this machine can reach"
        ) from error
    if not tokenizer.chat_template:
        raise ConfigError(
            f"`{setting}` is {model!r}, whose tokenizer has no chat template: a reward model reads a conversation. "
            "Put the model's chat_template.jinja into its folder"
        )
    return tokenizer
