"""Files of JSON lines, as verl's file logger and this package write them."""

import json
from pathlib import Path
from typing import Any


def read_lines(path: Path) -> list[dict[str, Any]]:
    """One dictionary per line."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]
