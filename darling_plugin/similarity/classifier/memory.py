"""What a model said, by content: so that a response, or a pair, that comes again costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache

Item = str | tuple[str, str]
"""A response, or an ordered pair of responses: what one forward pass reads."""

BYTES = 512 * 2**20
KEY_BYTES = 16


class Contents(NamedTuple):
    """What a memory holds, as plain arrays, the oldest first."""

    keys: np.ndarray
    """(n, 16) uint8"""

    values: np.ndarray
    """All rows, one behind the other"""

    lengths: np.ndarray
    """(n,) numbers in each row"""


class Memory:
    """Item → row of numbers, the most recently used. Keys are digests: no text is kept. Safe between threads.

    Args:
        most_bytes: what the rows and their keys may take; the least recently used go first. A row that is larger than
            all of it is not kept.
        characters: of a text that tell it from another, None for all: what comes after them, the model does not read.
    """

    def __init__(self, most_bytes: int = BYTES, characters: int | None = None):
        self._characters = characters
        self._rows: LRUCache[bytes, np.ndarray] = LRUCache(most_bytes, getsizeof=_size)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def lookup(self, items: Sequence[Item]) -> list[np.ndarray | None]:
        """rows[k] of items[k], None where it is not known."""
        keys = digests(items, self._characters)
        with self._lock:
            return [self._rows.get(key) for key in keys]

    def keep(self, items: Sequence[Item], rows: Sequence[np.ndarray] | np.ndarray) -> None:
        """Keep rows[k] of items[k]."""
        self._keep(digests(items, self._characters), rows)

    def contents(self) -> Contents:
        """All of it, to be put into a file. An empty memory gives arrays of no rows."""
        with self._lock:
            keys, rows = list(self._rows), list(self._rows.values())
        return Contents(
            np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, KEY_BYTES),
            np.concatenate(rows) if rows else np.empty(0, dtype=np.float32),
            np.array([len(row) for row in rows], dtype=np.int64),
        )

    def refill(self, contents: Contents) -> None:
        """Keep what another memory of the same model held; what is known here already stays as it is."""
        rows = np.split(contents.values, np.cumsum(contents.lengths)[:-1]) if len(contents.lengths) else []
        self._keep([key.tobytes() for key in contents.keys], rows)

    def _keep(self, keys: Sequence[bytes], rows: Sequence[np.ndarray] | np.ndarray) -> None:
        with self._lock:
            for key, row in zip(keys, rows, strict=True):
                if key not in self._rows and _size(row) <= self._rows.maxsize:
                    # A copy: a view would hold the whole batch's array for as long as one row of it is kept.
                    self._rows[key] = np.array(row)


def digests(items: Sequence[Item], characters: int | None = None) -> list[bytes]:
    """`KEY_BYTES` that stand for each item: equal for equal content, in every process. A text is hashed once a call.

    characters: of each text that count; None for all.
    """
    texts = dict.fromkeys(text for item in items for text in ((item,) if isinstance(item, str) else item))
    of = {text: _digest(text[:characters]) for text in texts}
    return [
        of[item]
        if isinstance(item, str)
        else blake2b(of[item[0]] + of[item[1]], digest_size=KEY_BYTES, person=b"pair").digest()
        for item in items
    ]


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def _size(row: np.ndarray) -> int:
    return row.nbytes + 250  # of the key, the array's header and the cache's entries, measured with tracemalloc
