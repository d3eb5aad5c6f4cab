"""The authors' rule for two texts of at most five words each, which their classifier never sees.

After `lower().split()`, two short texts are equivalent when twice the number of distinct words they share is at
least the length in words of the longer one:  2 · |set(a) ∩ set(b)| ≥ max(|a|, |b|).

Two empty texts are equivalent. A text need not be equivalent to itself: "a a a" shares one distinct word with its
copy, and 2 < 3. A text in a script without spaces is one word. That is the authors' code, kept for parity with it.
"""

from collections.abc import Sequence

MAX_WORDS = 5


class AuthorsRule:
    """The rule above, as `rules.py` applies it."""

    name = "authors"

    def read(self, texts: Sequence[str]) -> list[list[str] | None]:
        return [short_words(text) for text in texts]

    def verdict(self, a: list[str], b: list[str]) -> bool:
        return short_equivalent(a, b)


def short_words(text: str) -> list[str] | None:
    """The words of a short text, lower case; None for a longer one."""
    # Six pieces are enough to know; splitting all of an 8,000-word response is what would cost.
    words = text.split(None, MAX_WORDS)
    return [word.lower() for word in words] if len(words) <= MAX_WORDS else None


def short_equivalent(a: list[str], b: list[str]) -> bool:
    return 2 * len(set(a) & set(b)) >= max(len(a), len(b))
