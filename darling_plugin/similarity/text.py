"""What a similarity reads of a response: the same whether it is read while it comes in or when a step is collected.

whole             all of it
answer            what follows the last `</think>`; all of it where there is none, or nothing follows
head_tail         its beginning and its end, as much of both as the model reads
module:function   a function of yours, from a list of texts to a list of texts of the same length
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from darling_plugin.errors import ConfigError, SimilarityError
from darling_plugin.functions import load_function

KEY = "darling.similarity.text"
END_OF_THINKING = "</think>"
TOKENS = 254  # that the shipped encoder reads, and head_tail keeps, where no other model is named
CHARACTERS_PER_TOKEN = 2  # mathematics has 2.3 for the shipped encoder's tokenizer, prose 4: less is kept than is read
MARK = "\n…\n"


Read = Callable[[Sequence[str]], list[str]]


def read_text(texts: Sequence[str], setting: str = "whole", *, max_tokens: int | None = None) -> list[str]:
    """What the similarity reads of each text, in their order, by `darling.similarity.text`.

    max_tokens: what its model reads, for head_tail; None is what the shipped one reads. Raises `ConfigError` for an
    unknown setting, or a function that cannot be found, and `SimilarityError` for a function that does not return as
    many texts as it was given.
    """
    return text_reader(setting, max_tokens=max_tokens)(texts)


def text_reader(setting: str, *, max_tokens: int | None = None) -> Read:
    """What `read_text` does, with the setting checked. Raises `ConfigError`."""
    if setting == "whole":
        return list
    if setting == "answer":
        return lambda texts: [_answer(text) for text in texts]
    if setting == "head_tail":
        half = (max_tokens or TOKENS) * CHARACTERS_PER_TOKEN // 2
        return lambda texts: [_head_tail(text, half) for text in texts]
    if ":" not in setting:
        raise ConfigError(f"{KEY}={setting!r}: must be whole, answer, head_tail, or module:function of your own")
    function = load_function(KEY, setting, "my_project.texts:final_part")

    def by_function(texts: Sequence[str]) -> list[str]:
        found = function(list(texts))
        if not isinstance(found, list) or len(found) != len(texts) or not all(isinstance(text, str) for text in found):
            raise SimilarityError(f"{KEY}={setting}: it must return {len(texts)} texts for {len(texts)} texts")
        return found

    return by_function


def _answer(text: str) -> str:
    answer = text.rpartition(END_OF_THINKING)[2].strip() if END_OF_THINKING in text else ""
    return answer or text


def _head_tail(text: str, half: int) -> str:
    return text if len(text) <= 2 * half else f"{text[:half]}{MARK}{text[-half:]}"
