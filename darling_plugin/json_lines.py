"""The one reader of JSON that comes from outside: files of JSON lines, of one JSON list, or of one document.

Files are UTF-8, with or without a byte order mark. Everything else is an `InputError` that names file and line: another
encoding, a FIFO or a device, a line or document that is too large, values nested too deep, an integer of thousands of
digits. `NaN` and `Infinity` are read as Python writes them; who needs finite numbers checks that (`finite`). A lone
surrogate, which only an escape can write, is read as text.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError

MOST_LINE = 64 << 20  # bytes
MOST_DOCUMENT = 1 << 30
OBJECT = "a JSON object"

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_OTHERS = {
    codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF32_BE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}  # fmt: skip


class Line(NamedTuple):
    """One value, and where it stands."""

    where: str
    """For messages: `metrics.jsonl, line 3`."""
    value: Any
    ended: bool
    """Whether a line feed follows. The last line of a file that is still being written has none."""


def read_lines(
    path: str | Path,
    expected: str = OBJECT,
    *,
    growing: bool = False,
    objects: bool = True,
    advance: Callable[[int], None] = lambda size: None,
) -> Iterator[Line]:
    """The values of a file of JSON lines, in order; blank lines are left out.

    Args:
        expected: a good line, for messages.
        growing: the file may still be written: a last line without its end that is no JSON is left out.
        objects: a value that is no object is an error.
        advance: called with the number of bytes of each line.
    """
    path = regular_file(path)
    with path.open("rb") as file:
        number = 0
        while data := file.readline(MOST_LINE + 1):
            number += 1
            where = f"{path}, line {number}"
            if len(data) > MOST_LINE:
                raise InputError(f"{where}: longer than {MOST_LINE >> 20} MB, expected {expected}")
            ended = data.endswith(b"\n")
            if number == 1:
                _check_encoding(data, where)
                data = data.removeprefix(codecs.BOM_UTF8)
            if data.strip():
                try:
                    value = parse(data, where, expected)
                except InputError:
                    if growing and not ended:
                        return
                    raise
                yield Line(where, _object(value, where, expected) if objects else value, ended)
            advance(len(data))


def read_objects(path: str | Path, expected: str = OBJECT) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, object) of a file of JSON lines, or of one JSON list; blank lines are left out."""
    for where, value in read_values(path, expected):
        yield where, _object(value, where, expected)


def read_values(
    path: str | Path, expected: str = OBJECT, advance: Callable[[int], None] = lambda size: None
) -> Iterator[tuple[str, Any]]:
    """(where, value) of a file of JSON lines, or of the entries of one JSON list."""
    path = regular_file(path)
    with path.open("rb") as file:
        is_list = file.read(4096).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
    if not is_list:
        yield from ((line.where, line.value) for line in read_lines(path, expected, objects=False, advance=advance))
        return
    values = read_document(path, f"a JSON list of {expected.removeprefix('a ')}s")
    size = path.stat().st_size // max(1, len(values))
    for number, value in enumerate(values, 1):
        yield f"{path}, entry {number}", value
        advance(size)


def read_document(path: str | Path, expected: str = OBJECT) -> Any:
    """The one JSON value that a file holds."""
    path = regular_file(path)
    if path.stat().st_size > MOST_DOCUMENT:
        raise InputError(f"{path}: larger than {MOST_DOCUMENT >> 20} MB, expected {expected}")
    data = path.read_bytes()
    _check_encoding(data, str(path))
    return parse(data.removeprefix(codecs.BOM_UTF8), str(path), expected)


def parse(data: str | bytes, where: str, expected: str = OBJECT) -> Any:
    """One JSON value. Raises `InputError` that names `where` and what is wrong."""
    try:
        return json.loads((data if isinstance(data, str) else data.decode("utf-8")).rstrip())
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: not UTF-8 (byte 0x{error.object[error.start]:02x} at position {error.start}; Latin-1, "
            "perhaps); convert the file, for example with: iconv -f LATIN1 -t UTF-8"
        ) from None
    except RecursionError:
        raise InputError(f"{where}: nested too deep, expected {expected}") from None
    except ValueError as error:  # no JSON, or an integer of thousands of digits
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        raise InputError(f"{where}: not JSON ({error}): got {text.strip()[:80]!r}, expected {expected}") from None


def dump_line(row: Any) -> bytes:
    """One line of JSON lines in UTF-8, readable; escaped where a text holds a lone surrogate, which UTF-8 cannot."""
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode() + b"\n"


def regular_file(path: str | Path) -> Path:
    """The path, if it is a file on a disk: reading a FIFO or a device may never end."""
    path = Path(path).expanduser()
    try:
        if path.is_file():
            return path
        if path.is_dir():
            raise InputError(f"{path}: is a folder, expected a file")
        if path.exists():
            raise InputError(f"{path}: is a FIFO, a socket or a device, expected a regular file; copy it into one")
    except (OSError, ValueError) as error:  # a name that is too long, a null character, a loop of links
        raise InputError(f"{path}: no such file can be opened ({error})") from None
    raise InputError(f"{path}: there is no such file")


def finite(value: Any) -> float | None:
    """A finite number as a float; None for everything else (null, NaN, text, true, an integer beyond 10^308)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _check_encoding(start: bytes, where: str) -> None:
    found = next((name for mark, name in _OTHERS.items() if start.startswith(mark)), None)
    if found is None and b"\x00" in start[:4]:  # JSON begins with two characters of ASCII
        found = "UTF-16 or UTF-32"
    if found is not None:
        raise InputError(f"{where}: {found}, expected UTF-8; convert it, for example: iconv -f {found[:6]} -t UTF-8")


def _object(value: Any, where: str, expected: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: got {value!r:.80}, expected {expected}")
    return value
