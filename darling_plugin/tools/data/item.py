"""One problem or prompt on its way from a data set to verl's file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """What a row says, under one name for every source.

    Attributes:
        id: the source's own, or a digest of the text; never the row's number, so that order does not matter.
        text: the problem, or the user's first message.
        answer: the reference; empty if a reward model scores responses.
        other_wordings: texts that are this one, said otherwise; overlap with them counts too.
        language: what the source calls it, in any case; None where it says nothing.
        flags: what the source marks it with, such as `toxic`.
        repaired: what was repaired in the text, for the counts; empty for most.
    """

    id: str
    text: str
    answer: str = ""
    other_wordings: tuple[str, ...] = ()
    language: str | None = None
    flags: tuple[str, ...] = ()
    repaired: str = ""


class Unusable(Exception):
    """A row that is no item. The message is the reason that is counted: a few words, the same for many rows."""


def text_id(text: str) -> str:
    """12 hexadecimal digits of the text."""
    return hashlib.sha256(encoded(text)).hexdigest()[:12]


def rank(item: Item, seed: int) -> bytes:
    """Where the seed puts an item: sorted by it, items stand in an order that their source's order does not change."""
    return hashlib.sha256(encoded(f"{seed}\n{item.text}\n{item.answer}\n{item.id}")).digest()


def encoded(text: str) -> bytes:
    """UTF-8, whatever is in it: JSON can hold half a surrogate pair, which UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace")
