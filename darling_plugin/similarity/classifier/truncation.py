"""Cut each response to a number of tokens, by itself, so that swapping the two of a pair changes nothing."""

from __future__ import annotations

from typing import Any

# No tokenizer here makes fewer tokens than this of so many characters of prose; a longer text is cut before it is
# tokenized, so that one response of a million characters costs no more than a long one.
CHARACTERS_PER_TOKEN = 40


class Cutter:
    """Texts as the first `max_tokens` tokens of the tokenizer would read them; counts the ones that were longer.

    Characters that are no text (lone surrogates, which a rollout's detokenizer can leave) become "?".
    """

    def __init__(self, tokenizer: Any, max_tokens: int):
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.truncated = 0

    def __call__(self, text: str) -> str:
        text = text.encode("utf-8", "replace").decode("utf-8")
        short = text[: self.max_tokens * CHARACTERS_PER_TOKEN]
        spans = self.tokenizer(
            short, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )["offset_mapping"]
        if len(spans) <= self.max_tokens:
            self.truncated += len(short) < len(text)
            return short
        self.truncated += 1
        return short[: spans[self.max_tokens - 1][1]]
