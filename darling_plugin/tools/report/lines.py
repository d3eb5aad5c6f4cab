"""JSON lines of a run that may still be running."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError


class Line(NamedTuple):
    """One object, and where it stands: `metrics.jsonl, line 3`."""

    where: str
    values: Mapping[str, Any]


def read_lines(path: Path, expected: str) -> Iterator[Line]:
    """The objects of a file. `expected` shows a good line, for the message of `InputError`.

    Empty lines are skipped, and so is a last line without an end that is no JSON: it is still being written.
    """
    if not path.is_file():  # reading a pipe would wait for ever
        raise InputError(f"{path}: is not a regular file, expected JSON lines such as {expected}.")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = text.split("\n")  # not splitlines: a text may hold U+2028
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            values = json.loads(line)
        except RecursionError as error:
            raise InputError(f"{where}: brackets are nested too deeply, expected {expected}.") from error
        except ValueError as error:
            if number == len(lines):
                return
            raise InputError(f"{where}: got {line[:80]!r}, expected {expected}.") from error
        if not isinstance(values, dict):
            raise InputError(f"{where}: got {line[:80]!r}, expected {expected}.")
        yield Line(where, values)


def number(value: Any) -> float | None:
    """A finite number as a float; None for everything else (null, NaN, text, true)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:  # an integer of more than 308 digits
        return None
    return found if isfinite(found) else None
