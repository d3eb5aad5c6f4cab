"""Rows of data files: JSON lines, one JSON list, or parquet.

A truncated or wrong file is an error that names the line. Rows of another shape are left to the filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_lines, read_values, regular_file

SUFFIXES = (".jsonl", ".json", ".parquet")
BATCH = 1000  # rows of parquet in memory at once


def read_rows(path: Path, advance: Callable[[int], None] = lambda size: None) -> Iterator[Mapping[str, Any]]:
    """The rows of one file. `advance` is called with the number of bytes read; their sum is about the file's size.

    Of a column `conversation` in parquet only the first message is read: WildChat's whole conversations are 20 times
    that. A value that is not an object becomes a row without columns.
    """
    read = {".jsonl": _json_lines, ".json": _json, ".parquet": _parquet}.get(path.suffix)
    if read is None:
        raise InputError(f"{path}: expected a file {', '.join(SUFFIXES)}, got {path.suffix or 'no suffix'}")
    for row in read(path, advance):
        yield row if isinstance(row, Mapping) else {}


def _json_lines(path: Path, advance: Callable[[int], None]) -> Iterator[Any]:
    return (line.value for line in read_lines(path, objects=False, advance=advance))


def _json(path: Path, advance: Callable[[int], None]) -> Iterator[Any]:
    return (value for _, value in read_values(path, advance=advance))  # JSON lines are often in files called .json


def _parquet(path: Path, advance: Callable[[int], None]) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(regular_file(path))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: not a parquet file ({error}), or incomplete; download it again") from None
    with file:
        each = path.stat().st_size / max(1, file.metadata.num_rows)
        for batch in file.iter_batches(batch_size=BATCH):
            column = batch.schema.get_field_index("conversation")
            if column >= 0 and pa.types.is_list(batch.schema.field(column).type):
                batch = batch.set_column(column, "conversation", pc.list_slice(batch.column(column), 0, 1))
            yield from batch.to_pylist()
            advance(int(each * batch.num_rows))


def data_files(path: Path) -> Sequence[Path]:
    """The file, or all data files in a folder, in the order of their names; hidden ones are no data."""
    if path.is_file():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix in SUFFIXES and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
