"""The final answer of a Countdown response, for objectives that count answers: `darling.quality.answer`.

`forms`: each solution is an answer of its own, as many as a prompt has. `values`: all right responses have one answer,
the target, as in math. A text that breaks the grammar gives none.
"""

from __future__ import annotations

from collections.abc import Sequence

from darling_plugin.countdown.task import parse


def forms(texts: Sequence[str]) -> list[str | None]:
    """The form of each expression, written out; None for what is no expression."""
    return [None if (found := parse(text)) is None else repr(found.form) for text in texts]


def values(texts: Sequence[str]) -> list[str | None]:
    """The value of each expression; None for what is no expression."""
    return [None if (found := parse(text)) is None else str(found.value) for text in texts]
