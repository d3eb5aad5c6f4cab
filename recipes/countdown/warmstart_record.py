"""What is known of a warm start, kept beside its weights, so that it is made once for the same settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

RECORD = "warmstart.json"
W = TypeVar("W")


def find(folder: Path, digest: str, made: Callable[..., W]) -> W | None:
    """The warm start in the folder as `made` (its dataclass) has it; None unless it is finished and has that digest."""
    if not (folder / RECORD).is_file():
        return None
    record = json.loads((folder / RECORD).read_text())
    if record.get("digest") != digest or not (folder / "model.safetensors").is_file():
        return None
    del record["settings"]
    return made(**record | {"folder": folder, "reused": True})


def write(folder: Path, result: Any, settings: Any) -> None:
    """Both are dataclasses. To be called last: a run that was interrupted before is not taken for a finished one."""
    record = asdict(result) | {"settings": asdict(settings)}
    del record["folder"]  # it may be moved
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")
