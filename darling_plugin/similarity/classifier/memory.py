"""What a model said, by content: so that a response, or a pair, that comes again costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple

import numpy as np

Item = str | tuple[str, str]
"""A response, or an ordered pair of responses: what one forward pass reads."""

BYTES = 512 * 2**20
KEY_BYTES = 16


class Contents(NamedTuple):
    """What a memory holds, the least recently used first."""

    keys: np.ndarray
    """(n, 16) uint8"""

    rows: np.ndarray
    """(n, width of a row)"""


class Memory:
    """Item → row of numbers, the most recently used. Keys are digests: no text is kept. Safe between threads.

    Args:
        most_bytes: what the rows and their keys may take; the least recently used go first.
    """

    def __init__(self, most_bytes: int = BYTES):
        self.most_bytes = most_bytes
        self._rows: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def lookup(self, items: Sequence[Item]) -> list[np.ndarray | None]:
        """rows[k] of items[k], None where it is not known."""
        keys = digests(items)
        with self._lock:
            found = [self._rows.get(key) for key in keys]
            for key, row in zip(keys, found, strict=True):
                if row is not None:
                    self._rows.move_to_end(key)
        return found

    def keep(self, items: Sequence[Item], rows: np.ndarray) -> None:
        """Keep rows[k] of items[k]."""
        keys = digests(items)
        with self._lock:
            for key, row in zip(keys, rows, strict=True):
                if key not in self._rows:
                    # A copy: a view would hold the whole batch's array for as long as one row of it is kept.
                    self._rows[key] = np.array(row)
                    self._bytes += _size(row)
            self._shrink()

    def contents(self) -> Contents:
        """All of it, to be put into a file. An empty memory gives arrays of no rows."""
        with self._lock:
            keys, rows = b"".join(self._rows), list(self._rows.values())
        return Contents(
            np.frombuffer(keys, dtype=np.uint8).reshape(-1, KEY_BYTES), np.stack(rows) if rows else np.empty((0, 0))
        )

    def refill(self, contents: Contents) -> None:
        """Keep what another memory of the same model held; what is known here already stays as it is."""
        with self._lock:
            for key, row in zip(contents.keys, contents.rows, strict=True):
                if (kept := key.tobytes()) not in self._rows:
                    self._rows[kept] = np.array(row)
                    self._bytes += _size(row)
            self._shrink()

    def _shrink(self) -> None:
        while self._bytes > self.most_bytes and len(self._rows) > 1:
            _, gone = self._rows.popitem(last=False)
            self._bytes -= _size(gone)


def digests(items: Sequence[Item]) -> list[bytes]:
    """`KEY_BYTES` that stand for each item: equal for equal content, in every process. A text is hashed once a call."""
    texts = dict.fromkeys(text for item in items for text in ((item,) if isinstance(item, str) else item))
    of = {text: blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest() for text in texts}
    return [
        of[item]
        if isinstance(item, str)
        else blake2b(of[item[0]] + of[item[1]], digest_size=KEY_BYTES, person=b"pair").digest()
        for item in items
    ]


def _size(row: np.ndarray) -> int:
    return row.nbytes + 250  # of the key, the array's header and the dictionary's entry, measured with tracemalloc
