"""What a similarity reads of a completion, and the name of a prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from typing import Any


def completion_text(completion: Any) -> str:
    """The string itself; of messages, the text of the last one by the assistant that has any.

    Tool calls, tool results and image parts are left out. No such message: "".
    """
    if isinstance(completion, str):
        return completion
    for message in reversed(completion):
        if message.get("role") == "assistant" and (text := _content_text(message.get("content"))):
            return text
    return ""


def prompt_name(prompt: Any) -> Hashable:
    """A name that the prompt keeps in every step and restart: 16 hexadecimal digits of its text and images."""
    digest = hashlib.blake2b(digest_size=8)
    _feed(digest, prompt)
    return digest.hexdigest()


def _content_text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.get("text", "") for part in content if part.get("type") == "text")


def _feed(digest: Any, part: Any) -> None:
    if isinstance(part, Mapping):
        for key in sorted(part):
            digest.update(f"{key}=".encode())
            _feed(digest, part[key])
    elif isinstance(part, list | tuple):
        for each in part:
            _feed(digest, each)
    elif hasattr(part, "tobytes"):  # an image; its repr is an address
        digest.update(part.tobytes())
    else:
        digest.update(f"{part!s};".encode())
