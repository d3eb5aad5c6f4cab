"""Files: what names one by its content, and how one is written so that a kill leaves the old one or the new one."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def replacing(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Where to write what shall be `path`: it takes its place in one step at the end of the block.

    Where the block raises, `path` stays as it was, and what was written is removed. After a kill it is left, and
    written over by the next; with `shared`, for files that several processes may write at once, each has its own name.
    """
    part = _beside(path) if shared else path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_new(path: Path, data: bytes) -> bool:
    """Write `path`, whole, unless there is one already; whether this call did. Safe among machines with one disk."""
    part = _beside(path)
    part.write_bytes(data)
    try:
        os.link(part, path)  # unlike a rename, it never replaces
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def _beside(path: Path) -> Path:
    """A hidden name in the same folder that nobody else has."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
