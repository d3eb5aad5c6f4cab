"""What a model said, by content: so that a response, or a pair, that comes again costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from threading import Lock

import numpy as np

Item = str | tuple[str, str]
"""A response, or an ordered pair of responses: what one forward pass reads."""

BYTES = 512 * 2**20


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

    def recall(self, items: Sequence[Item]) -> list[np.ndarray | None]:
        """rows[k] of items[k], None where it is not known."""
        keys = [digest(item) for item in items]
        with self._lock:
            found = [self._rows.get(key) for key in keys]
            for key, row in zip(keys, found, strict=True):
                if row is not None:
                    self._rows.move_to_end(key)
        return found

    def keep(self, items: Iterable[Item], rows: np.ndarray) -> None:
        """Keep rows[k] of items[k]."""
        with self._lock:
            for item, row in zip(items, rows, strict=True):
                key = digest(item)
                if key not in self._rows:
                    # A copy: a view would hold the whole batch's array for as long as one row of it is kept.
                    self._rows[key] = np.array(row)
                    self._bytes += _size(row)
            while self._bytes > self.most_bytes and len(self._rows) > 1:
                _, gone = self._rows.popitem(last=False)
                self._bytes -= _size(gone)


def digest(item: Item) -> bytes:
    """16 bytes that stand for the item: equal for equal content, in every process."""
    if isinstance(item, str):
        return blake2b(item.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    first, second = (blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in item)
    return blake2b(first + second, digest_size=16, person=b"pair").digest()


def _size(row: np.ndarray) -> int:
    return row.nbytes + 250  # of the key, the array's header and the dictionary's entry, measured with tracemalloc
