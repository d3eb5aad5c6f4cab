"""Files of JSON lines to which one process appends, and from which any number may read.

A line is written in one piece, so a kill can only cut off the last one. Who appends repairs that first; who reads
leaves it out, as another process may be in the middle of writing it.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.json_lines import dump_line, read_lines

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
        left = dump_line(row)
        while left:  # a full disk, or a signal, can end a write early
            left = left[os.write(self._file, left) :]

    def _repair(self) -> None:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            logger.warning("%s: its last line was cut off by a kill; that item is done again", self.path)
            os.ftruncate(self._file, whole)


def read(path: Path) -> Iterator[tuple[str, Row]]:
    """(where, row) of the whole lines of a file; `where` is for messages."""
    try:
        for where, row, ended in read_lines(path, growing=True):
            if ended:
                yield where, row
    except InputError as error:
        raise InputError(f"{error}; repair or delete that line") from None
