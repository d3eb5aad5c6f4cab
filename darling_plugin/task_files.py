"""The files of a task's prompts: train.parquet, val.parquet and test.parquet for verl, and manifest.json.

The manifest says how they were made. Files that are there and fit are used again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.files import file_digest

PARTS = ("train", "val", "test")


class Prepared(NamedTuple):
    """The files that `write_parts` wrote or found."""

    train: Path
    validation: Path
    test: Path
    manifest: Path
    reused: bool


def write_parts(
    folder: Path, settings: dict[str, Any], make_rows: Callable[[], Sequence[list[dict[str, Any]]]]
) -> Prepared:
    """Write the files, unless those in the folder were made with these settings and are as they were written.

    Args:
        settings: all that the rows depend on, as JSON values.
        make_rows: verl's rows of each of `PARTS`; called only where files are written.
    """
    files = {name: folder / f"{name}.parquet" for name in PARTS}
    manifest = folder / "manifest.json"
    reused = _matches(manifest, settings, files)
    if not reused:
        rows = make_rows()
        folder.mkdir(parents=True, exist_ok=True)
        for path, own in zip(files.values(), rows, strict=True):
            _write(path, own)
        digests = {path.name: file_digest(path) for path in files.values()}
        manifest.write_text(json.dumps({"settings": settings, "sha256": digests}, indent=2) + "\n")
    return Prepared(files["train"], files["val"], files["test"], manifest, reused)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)


def _matches(manifest: Path, settings: dict[str, Any], files: dict[str, Path]) -> bool:
    if not manifest.is_file() or not all(path.is_file() for path in files.values()):
        return False
    return json.loads(manifest.read_text()) == {
        "settings": settings,
        "sha256": {path.name: file_digest(path) for path in files.values()},
    }
