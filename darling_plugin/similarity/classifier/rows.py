"""What was found out about one text, as one array: its encoding and, beside it, its words.

A classifier that compares encodings alone keeps float32 rows, (dimensions,). One that compares words too keeps uint32:
[dimensions, words in the text, the encoding's bits …, one code per distinct word …], so that a row can be sent, kept
by content and written to a file like any other.
"""

from __future__ import annotations

import numpy as np

from darling_plugin.similarity.classifier.lexical_features import Words

HEADER = 2
Rows = np.ndarray | list[np.ndarray]
"""One row per item: a float32 matrix, or a list of what `pack` makes."""


def pack(vector: np.ndarray, words: Words) -> np.ndarray:
    """One row of an encoding and its text's words, uint32, (2 + dimensions + distinct words,)."""
    bits = np.ascontiguousarray(vector, dtype=np.float32).view(np.uint32)
    return np.concatenate([np.array([len(bits), words.length], dtype=np.uint32), bits, words.codes])


def vector_of(row: np.ndarray) -> np.ndarray:
    """The encoding in a row, float32, (dimensions,)."""
    return row if row.dtype != np.uint32 else row[HEADER : HEADER + int(row[0])].view(np.float32)


def words_of(row: np.ndarray) -> Words:
    """The words in a row that `pack` made."""
    return Words(row[HEADER + int(row[0]) :], int(row[1]))
