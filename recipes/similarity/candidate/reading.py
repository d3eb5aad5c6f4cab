"""What of a text the encoder reads: all of a short one, the content words of a long one, in chunks of equal length.

A chunk holds at most 254 tokens, which is what the encoder was pretrained on. A text of more tokens than that is
skimmed: punctuation and function words ("the", "of", "and", …) are left out, which are about 40 % of English prose, so
that reading all of a text costs little more than reading its beginning. Short texts are read in full: there a "not" or
a "to" can be what differs.

A character that the vocabulary does not have (most Chinese ones, all of Thai) is read as one of the vocabulary's unused
tokens, chosen by a hash of the character: what it means must be learned, but different characters stay different and
near copies stay near. Without that, every Thai sentence is the same sequence of [UNK].
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

CHUNK = 254  # tokens, special tokens not counted
CHUNKS = 3  # read at most so many chunks of a text
CHARACTERS_PER_TOKEN = 40
SEGMENTS = 8
SEGMENT_TOKENS = 24  # a text shorter than two such pieces is one segment

# Function words that a skimmed text is read without. Negations and quantities are not among them.
SKIPPED = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "and",
        "or",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "with",
        "from",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "he",
        "she",
        "they",
        "them",
        "his",
        "her",
        "their",
        "him",
        "i",
        "you",
        "we",
        "us",
        "our",
        "your",
        "my",
        "me",
        "which",
        "who",
        "whom",
        "whose",
        "what",
        "while",
        "when",
        "where",
        "also",
        "such",
        "so",
        "if",
        "then",
        "than",
        "but",
        "into",
        "over",
        "about",
        "has",
        "have",
        "had",
        "having",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "may",
        "might",
        "must",
        "should",
        "shall",
        "just",
        "very",
    ]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the encoder reads it.

    Attributes:
        chunks: token ids, special tokens not counted; at least one chunk, which may be empty.
        unknown: share of the tokens that stand for characters which the vocabulary does not have, in [0, 1].
        truncated: whether part of the text is not read.
    """

    chunks: tuple[tuple[int, ...], ...]
    unknown: float
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
        chunks: of a text at most; what is longer is cut.
    """

    def __init__(self, tokenizer: Any, chunk: int = CHUNK, chunks: int = CHUNKS):
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.chunk, self.chunks = chunk, chunks
        vocabulary = self._tokenizer.get_vocab()
        self._unknown = vocabulary.get("[UNK]", -1)
        self._unused = sorted(number for token, number in vocabulary.items() if token.startswith("[unused"))
        self._skipped = {number for token, number in vocabulary.items() if _skippable(token)}

    def __call__(self, texts: Sequence[str]) -> list[Reading]:
        """readings[k] of texts[k]. Characters that are no text (lone surrogates) are read as "?"."""
        most = self.chunk * self.chunks * CHARACTERS_PER_TOKEN
        clean = [text[:most].encode("utf-8", "replace").decode("utf-8") for text in texts]
        encodings = self._tokenizer.encode_batch(clean, add_special_tokens=False)
        return [
            self._read(*self._spell(text, encoding), len(whole) > most)
            for whole, text, encoding in zip(texts, clean, encodings, strict=True)
        ]

    def _spell(self, text: str, encoding: Any) -> tuple[list[int], float]:
        """The encoding's ids with unknown words spelled out by character, and the share of those characters."""
        ids: list[int] = encoding.ids
        if not self._unused or self._unknown not in ids:
            return ids, 0.0
        spelled, hidden = [], 0
        for number, (start, end) in zip(ids, encoding.offsets, strict=True):
            if number != self._unknown:
                spelled.append(number)
                continue
            characters = [c for c in text[start:end] if not c.isspace()]
            hidden += len(characters)
            spelled.extend(self._unused[crc32(c.encode()) % len(self._unused)] for c in characters)
        return spelled, hidden / max(1, len(spelled))

    def _read(self, ids: list[int], unknown: float, cut: bool) -> Reading:
        if len(ids) > self.chunk:
            ids = [number for number in ids if number not in self._skipped] or ids
        most = self.chunk * self.chunks
        truncated = cut or len(ids) > most
        ids = ids[:most]
        parts = max(1, -(-len(ids) // self.chunk))
        bounds = [len(ids) * k // parts for k in range(parts + 1)]
        chunks = tuple(tuple(ids[start:end]) for start, end in itertools.pairwise(bounds))
        return Reading(chunks, unknown, truncated)


def segment_of(length: int) -> list[int]:
    """segment[t] of each of `length` tokens: up to eight segments of equal size, at least 24 tokens each, in order."""
    count = max(1, min(SEGMENTS, length // SEGMENT_TOKENS))
    return [t * count // length for t in range(length)]


def _skippable(token: str) -> bool:
    return token in SKIPPED or (len(token) == 1 and not token.isalnum() and token.isascii() and token not in "+-=<>%$")
