"""Short answers: what a response states as its answer, with or without an explanation beside it.

The answer is what stands in \\boxed{…}, after "####", or after "the answer is"; else the whole text where it is short.

    equivalent   the same words, or the same value:  "0.5", "The answer is 1/2."
    distinct     another value, another number beside the same words, or the opposite:  "42", "So the answer is 48."

The similarity compares the rest, and texts without an answer that can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from darling_plugin.form.short_text import Short, decide, read_short

FINAL = (
    r"\\boxed\s*\{((?:[^{}]++|\{[^{}]*+\})*+)\}",
    r"####[ \t]*([^\n]{1,80})",
    r"(?i)\banswer[ \t]*(?:is\b:?|:)[ \t]*([^\n]{1,80})",
    r"(?:答案|答え)[是为為は:：]*[ \t]*([^\n。]{1,40})",
)
SENTENCE_END = r"(?<=[^\d\s])[.!?](?=\s)|(?<=\d)[.!?](?=\s)"


@dataclass(frozen=True)
class AnswersRule:
    """The rule above, as `core/rules.py` applies it."""

    name: str = "answers"

    def read(self, texts: Sequence[str]) -> list[Short | None]:
        return [read_short(stated_answer(text) or text[:400]) if _may_be_short(text) else None for text in texts]

    def verdict(self, a: Short, b: Short) -> bool | None:
        if a.numbers and b.numbers and not (a.beside or b.beside or a.calculates or b.calculates):
            return a.numbers == b.numbers
        return decide(a, b)


def stated_answer(text: str) -> str | None:
    """What the text says is its answer, the last time that it says so; None where it does not say."""
    for pattern in FINAL:
        if found := _pattern(pattern).findall(text):
            return str(_pattern(SENTENCE_END).split(found[-1], maxsplit=1)[0])
    return None


def _may_be_short(text: str) -> bool:
    return len(text) <= 400 or stated_answer(text) is not None


@cache
def _pattern(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.VERSION1)
