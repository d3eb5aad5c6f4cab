"""A row of WildChat or of NoveltyBench → an item.

WildChat (arXiv 2405.01470): `conversation`, a list of {role, content, …}, with `language`, `toxic`, `redacted` and
`conversation_hash`. NoveltyBench (arXiv 2504.05228): `id`, `prompt`, and for some `prompt_paraphrases` or
`original_prompt`. Its WildChat part is made of WildChat's rows, cleaned up: the ids say of which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from darling_plugin.tools.data.item import Item, Unusable, text_id

FLAGS = ("toxic", "redacted")


def first_turn(row: Mapping[str, Any], name: str) -> Item:
    """The user's first message of a conversation. A row without `conversation` but with `prompt` is that prompt."""
    if "conversation" not in row and "prompt" in row:
        return novelty_prompt(row, name)
    turns = row.get("conversation")
    if not isinstance(turns, Sequence) or isinstance(turns, str) or not turns or not isinstance(turns[0], Mapping):
        raise Unusable("no conversation")
    first = turns[0]
    if first.get("role") != "user":
        raise Unusable("the first message is not the user's")
    text = first.get("content")
    if not isinstance(text, str):
        raise Unusable("the first message is not text")
    flags = tuple(flag for flag in FLAGS if row.get(flag) or first.get(flag))
    return Item(_id(row, "conversation_hash", text), text.strip(), language=_language(row), flags=flags)


def novelty_prompt(row: Mapping[str, Any], name: str) -> Item:
    """One prompt, with its other wordings. Raises `Unusable` where it is missing or no text."""
    text = row.get("prompt")
    if not isinstance(text, str):
        raise Unusable("no column prompt" if text is None else "the prompt is not text")
    paraphrases = row.get("prompt_paraphrases")
    others = [row.get("original_prompt"), *(paraphrases if isinstance(paraphrases, Sequence) else [])]
    own = row.get("id")
    return Item(
        own if isinstance(own, str) and own else f"{name}-{text_id(text)}",
        text.strip(),
        other_wordings=tuple(other for other in others if isinstance(other, str)),
        language=_language(row),
        flags=tuple(flag for flag in FLAGS if row.get(flag)),
    )


def _id(row: Mapping[str, Any], column: str, text: str) -> str:
    own = row.get(column)
    return f"WildChat-{own if isinstance(own, str) and own else text_id(text)}"  # as NoveltyBench writes it


def _language(row: Mapping[str, Any]) -> str | None:
    language = row.get("language")
    return language if isinstance(language, str) else None
