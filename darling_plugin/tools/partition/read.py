"""Responses as a user has them: JSON lines of either form, from a file, a folder or standard input."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from darling_plugin.tools.classifier.label.mining import read_groups

STDIN = "-"


def read_responses(source: str) -> Mapping[str, list[str]]:
    """Prompt → its responses, in the order of the input. `-` reads standard input.

    Raises `InputError` with the line and the field that is wrong.
    """
    if source != STDIN:
        return read_groups(source).responses
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard input"
        path.write_bytes(sys.stdin.buffer.read())
        return read_groups(path).responses
