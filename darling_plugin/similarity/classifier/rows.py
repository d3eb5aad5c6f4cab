"""What was found out about one text, as one array, so that it can be sent, kept by content and written to a file.

    encodings alone            float32, (dimensions,)
    with words (`pack`)        uint32: [dimensions, words in the text, the encoding's bits …, codes of words …]
    with facts (`pack_facts`)  uint32: [0, dimensions, vectors, the facts' numbers …, three lengths, vectors …, codes …]

Vectors of the last form are kept in half precision: cosines differ in the fourth digit, and rows are half as large.
"""

from __future__ import annotations

import itertools

import numpy as np

from darling_plugin.similarity.classifier.facts import Facts
from darling_plugin.similarity.classifier.lexical_features import Words

HEADER = 2
FACTS_HEADER = 15
Rows = np.ndarray | list[np.ndarray]
"""One row per item: a float32 matrix, or a list of what `pack` or `pack_facts` makes."""


def pack(vector: np.ndarray, words: Words) -> np.ndarray:
    """One row of an encoding and its text's words, uint32, (2 + dimensions + distinct words,)."""
    bits = np.ascontiguousarray(vector, dtype=np.float32).view(np.uint32)
    return np.concatenate([np.array([len(bits), words.length], dtype=np.uint32), bits, words.codes])


def pack_facts(vectors: np.ndarray, facts: Facts) -> np.ndarray:
    """One row of a text's vectors, (1 + segments, dimensions) with an even number of dimensions, and its facts."""
    digests = [*_halves(facts.same), *_halves(facts.program)]
    numbers = [facts.unreadable, facts.words, facts.negations, *digests, facts.stated, facts.concluded]
    codes = [facts.content, facts.numbers, facts.steps]
    header = [0, vectors.shape[1], vectors.shape[0], *numbers, *map(len, codes)]
    bits = np.ascontiguousarray(vectors, dtype=np.float16).view(np.uint32).ravel()
    return np.concatenate([np.array(header, dtype=np.uint32), bits, *codes])


def vector_of(row: np.ndarray) -> np.ndarray:
    """The encoding in a row, float32, (dimensions,)."""
    if row.dtype != np.uint32:
        return row
    return vectors_of(row)[0] if row[0] == 0 else row[HEADER : HEADER + int(row[0])].view(np.float32)


def vectors_of(row: np.ndarray) -> np.ndarray:
    """The vectors in a row that `pack_facts` made, float32, (1 + segments, dimensions)."""
    dimensions, count = int(row[1]), int(row[2])
    bits = row[FACTS_HEADER : FACTS_HEADER + dimensions * count // 2]
    return np.ascontiguousarray(bits).view(np.float16).reshape(count, dimensions).astype(np.float32)


def words_of(row: np.ndarray) -> Words:
    """The words in a row that `pack` made."""
    return Words(row[HEADER + int(row[0]) :], int(row[1]))


def facts_of(row: np.ndarray) -> Facts:
    """The facts in a row that `pack_facts` made."""
    unreadable, words, negations, *digests, stated, concluded = row[3 : FACTS_HEADER - 3].tolist()
    same, program = digests[0] | digests[1] << 32, digests[2] | digests[3] << 32
    ends = np.cumsum([FACTS_HEADER + int(row[1]) * int(row[2]) // 2, *row[FACTS_HEADER - 3 : FACTS_HEADER].tolist()])
    content, numbers, steps = (row[start:end] for start, end in itertools.pairwise(ends))
    return Facts(unreadable, words, negations, same, program, stated, concluded, content, numbers, steps)


def _halves(number: int) -> tuple[int, int]:
    return number & 0xFFFFFFFF, number >> 32
