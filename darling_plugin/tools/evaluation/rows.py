"""Files of JSON lines to which one process appends, and from which any number may read.

A line is written in one piece, so a kill can only cut off the last one. Who appends repairs that first; who reads
leaves it out, as another process may be in the middle of writing it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from darling_plugin.errors import InputError

logger = logging.getLogger(__name__)

Row = dict[str, Any]


class Rows:
    """Append to `path`; `with Rows(path) as rows: rows.add({…})`. A second process at the same file is refused."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> Rows:
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise InputError(
                f"{self.path}: another process is writing it; wait for it, end it, or give each process its own --shard"
            ) from None
        self._repair()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._file)

    def add(self, row: Row) -> None:
        left = line(row)
        while left:  # a full disk, or a signal, can end a write early
            left = left[os.write(self._file, left) :]

    def _repair(self) -> None:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            logger.warning("%s: its last line was cut off by a kill; that piece of work is done again", self.path)
            os.ftruncate(self._file, whole)


def line(row: Row) -> bytes:
    # Readable, unless a text holds a lone surrogate, which only an escape can write.
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode() + b"\n"


def read(path: Path) -> Iterator[tuple[str, Row]]:
    """(where, row) of the whole lines of a file; `where` is for messages."""
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith(b"\n"):
                return
            where = f"{path}, line {number}"
            try:
                row = json.loads(text)
            except ValueError:
                raise InputError(f"{where}: not JSON; mend or delete that line") from None
            if not isinstance(row, dict):
                raise InputError(f"{where}: expected a JSON object, got {row!r:.100}; mend or delete that line")
            yield where, row
