"""What of a text the segment encoder reads: all of a short one, the content words of a long one, in equal chunks.

A chunk holds at most 254 tokens, which is what the encoder was pretrained on. A text of more tokens than that is
skimmed: punctuation and function words ("the", "of", "and", …) are left out, about 40 % of English prose, so that
reading a whole text costs little more than reading its beginning. Short texts are read in full: there a "not" or a "to"
can be what differs.

A character that the vocabulary lacks (most Chinese ones, all of Thai) is read as one of the vocabulary's unused tokens,
chosen by a hash of the character: what it means must be learned, but different characters stay different and near
copies stay near. Without that, every Thai sentence is the same sequence of [UNK].
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from darling_plugin.similarity.classifier.truncation import CHARACTERS_PER_TOKEN

CHUNKS = 3  # of one text; what comes after them is not read
SEGMENTS = 8
SEGMENT_TOKENS = 24  # a text shorter than two such pieces is one segment
UNREADABLE = 0.5  # share of tokens that stand for characters which the vocabulary lacks

# Function words that a skimmed text is read without. Negations and quantities are not among them.
FUNCTION_WORDS = (
    "a an the of and or to in on at by for with from as is are was were be been being am it its this that these "
    "those there here he she they them his her their him i you we us our your my me which who whom whose what "
    "while when where also such so if then than but into over about has have had having do does did can could "
    "will would may might must should shall just very"
)
SKIPPED = frozenset(FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the encoder reads it.

    Attributes:
        chunks: token ids, special tokens not counted; at least one chunk, which is empty for an empty text.
        unreadable: whether most tokens stand for characters that the vocabulary lacks.
        truncated: whether part of the text is not read.
    """

    chunks: tuple[tuple[int, ...], ...]
    unreadable: bool
    truncated: bool

    @property
    def length(self) -> int:
        """Tokens that are read."""
        return sum(map(len, self.chunks))


class TokenReader:
    """Texts as readings.

    Args:
        tokenizer: a `tokenizers.Tokenizer`; a copy is kept, without truncation and padding.
        chunk: tokens of one chunk at most.
    """

    def __init__(self, tokenizer: Any, chunk: int):
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._chunk, self._most = chunk, chunk * CHUNKS
        vocabulary = self._tokenizer.get_vocab()
        self._unknown = vocabulary.get("[UNK]", -1)
        self._unused = sorted(number for token, number in vocabulary.items() if token.startswith("[unused"))
        self._skipped = {number for token, number in vocabulary.items() if _skippable(token)}

    def __call__(self, texts: Sequence[str]) -> list[Reading]:
        """readings[k] of texts[k]. Characters that are no text (lone surrogates) are read as "?"."""
        most = self._most * CHARACTERS_PER_TOKEN
        clean = [text[:most].encode("utf-8", "replace").decode("utf-8") for text in texts]
        encodings = self._tokenizer.encode_batch(clean, add_special_tokens=False)
        return [
            self._reading(text, encoding, cut=len(whole) > most)
            for whole, text, encoding in zip(texts, clean, encodings, strict=True)
        ]

    def _reading(self, text: str, encoding: Any, *, cut: bool) -> Reading:
        ids, hidden = self._spelled(text, encoding)
        unreadable = hidden > UNREADABLE * len(ids)
        if len(ids) > self._chunk:
            ids = [number for number in ids if number not in self._skipped] or ids
        truncated, ids = cut or len(ids) > self._most, ids[: self._most]
        parts = max(1, -(-len(ids) // self._chunk))
        bounds = [len(ids) * k // parts for k in range(parts + 1)]
        chunks = tuple(tuple(ids[start:end]) for start, end in itertools.pairwise(bounds))
        return Reading(chunks, unreadable, truncated)

    def _spelled(self, text: str, encoding: Any) -> tuple[list[int], int]:
        """The encoding's ids with unknown words spelled out by character, and the number of those characters."""
        ids: list[int] = encoding.ids
        if not self._unused or self._unknown not in ids:
            return ids, 0
        spelled, hidden = [], 0
        for number, (start, end) in zip(ids, encoding.offsets, strict=True):
            if number != self._unknown:
                spelled.append(number)
                continue
            characters = [c for c in text[start:end] if not c.isspace()]
            hidden += len(characters)
            spelled.extend(self._unused[crc32(c.encode()) % len(self._unused)] for c in characters)
        return spelled, hidden


def segment_count(length: int) -> int:
    """Of a text of so many tokens: up to eight segments of equal size, of at least 24 tokens each."""
    return max(1, min(SEGMENTS, length // SEGMENT_TOKENS))


def _skippable(token: str) -> bool:
    return token in SKIPPED or (len(token) == 1 and not token.isalnum() and token.isascii() and token not in "+-=<>%$")
