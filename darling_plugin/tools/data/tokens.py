"""Length in tokens, counted as verl does: of the message in the chat template, ready for the response."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from darling_plugin.errors import ConfigError
from darling_plugin.tools.data.item import Item
from darling_plugin.tools.hub_reach import hub_or_cache


def load(name: str) -> Any:
    """The tokenizer of a folder or of a model on the hub. Raises `ConfigError` where it is none, or has no template."""
    from transformers import AutoTokenizer

    with nullcontext(None) if Path(name).exists() else hub_or_cache() as why:
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        except (OSError, ValueError) as error:
            hub = f" (the Hugging Face hub is out of reach: {why})" if why else ""
            said = str(error).splitlines()[0]
            raise ConfigError(f"--tokenizer: no tokenizer can be loaded from {name}{hub}: {said}") from error
    if not tokenizer.chat_template:
        raise ConfigError(
            f"--tokenizer: {name} has no chat template, which verl needs to write prompts; name another tokenizer"
        )
    return tokenizer


def digest(tokenizer: Any) -> str | None:
    """SHA-256 of what decides how many tokens a prompt has: vocabulary, rules, chat template. None of no tokenizer."""
    if tokenizer is None:
        return None
    fast = tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else None
    rules = fast or json.dumps(tokenizer.get_vocab(), sort_keys=True)
    return hashlib.sha256((rules + str(tokenizer.chat_template)).encode()).hexdigest()


def check(tokenizer: Any, most: int, message: Callable[[Item], str]) -> Callable[[Item], str | None]:
    """Why an item is dropped: its prompt has more than `most` tokens."""

    def why_not(item: Item) -> str | None:
        ids = tokenizer.apply_chat_template(
            [{"role": "user", "content": message(item)}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
        return f"over {most} tokens" if len(ids) > most else None

    return why_not
