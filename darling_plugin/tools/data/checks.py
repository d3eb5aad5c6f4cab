"""Filters that look at one item at a time: each says why an item is dropped, or None.

They run in one pass over the source, cheapest first, so that a million conversations need not fit into memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.text_normalization import is_english


class Check(NamedTuple):
    name: str
    why_not: Callable[[Item], str | None]


# A file or a terminal may stop at these; half a surrogate pair is no UTF-8, which parquet is.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

# Where the words point at something that is not there. "Figure" and "image" alone are words of mathematics too; and
# after a colon, or on the next line, there may well be something: a table, the rows of a triangle.
_THING = r"(?:figure|diagram|picture|image|drawing|illustration)"
_SIDE = r"(?:below|above|(?:to|on|at) the (?:right|left))"
_FIGURE = re.compile(
    rf"\b(?:(?:in|from|on|see) (?:the|this) (?:\w+ )?{_THING}"
    rf"|{_THING}s? (?:is |are )?(?:shown|at right|at left|{_SIDE})"
    rf"|graph (?:is |are )?(?:shown|{_SIDE})|as (?:shown|pictured|illustrated|depicted)"
    rf"|(?:shown|pictured|illustrated|depicted) {_SIDE})\b(?!\.?\s*:|\.?[ \t]*\n)",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"!\[|<img\b|\\includegraphics|https?://\S+\.(?:png|jpe?g|gif|svg)", re.IGNORECASE)
_DRAWN = re.compile(r"\[asy\]|\\begin\{(?:asy|tikzpicture|picture)\}")


def text(item: Item) -> str | None:
    """The text is not empty, and its characters can be written to a file."""
    if not item.text.strip():
        return "empty"
    if any(_UNWRITABLE.search(one) for one in (item.text, item.answer, item.id)):
        return "control characters or broken Unicode"
    return None


def flags(item: Item) -> str | None:
    """Nothing that the source warns of."""
    return " and ".join(item.flags) or None


def language(item: Item) -> str | None:
    """English: as the source says, or where it says nothing, as the words do."""
    if item.language is not None:
        return None if item.language.casefold() in {"english", "en"} else f"marked {item.language[:20]}"
    return None if is_english(item.text) else "reads as another language"


def figures(item: Item) -> str | None:
    """No figure that the text points at and does not hold; one that is drawn in the text's own code is held."""
    if _IMAGE.search(item.text):
        return "an image"
    return "points at a figure" if _FIGURE.search(item.text) and not _DRAWN.search(item.text) else None


def length(shortest: int, longest: int) -> Callable[[Item], str | None]:
    """Between so many characters."""

    def why_not(item: Item) -> str | None:
        if len(item.text) < shortest:
            return f"under {shortest} characters"
        return f"over {longest} characters" if len(item.text) > longest else None

    return why_not
