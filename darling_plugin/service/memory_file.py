"""What a judge said, in a file: a job that is started again asks nothing twice.

One `.npz` of plain arrays (read without pickle), written beside its name and then renamed, so that a job that is killed
leaves the file before or the file after. It is only for the judge that it came from (`judge_of`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.config import SimilaritySettings
from darling_plugin.files import replacing
from darling_plugin.similarity.classifier.memory import Contents

logger = logging.getLogger(__name__)

JUDGE = "judge.of"
ROWS = 2  # how rows are written; other numbers are other similarities' rows to this version


def judge_of(similarity: SimilaritySettings) -> str:
    """Stands for a judge: its settings, and the names, sizes and times of the files that they name.

    A name on the Hugging Face hub stands for itself: a model that changes there under one name is not noticed.
    """
    chosen = similarity.model_dump(exclude={"threshold", "short_text_rule", "text", "device"})
    files = sorted(_files(similarity.model)) if similarity.model else []
    return hashlib.sha256(json.dumps([ROWS, chosen, files]).encode()).hexdigest()


def write(path: Path, contents: Mapping[str, Contents], judge: str) -> None:
    """Write the file, in place of the one that is there."""
    arrays: dict[str, Any] = {JUDGE: np.array(judge)}
    for name, held in contents.items():
        arrays |= {f"{name}.{field}": array for field, array in held._asdict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, shared=True) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def read(path: Path, judge: str) -> dict[str, Contents] | None:
    """What the file holds; None, with a line in the log, where it is another judge's or cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if str(arrays[JUDGE]) != judge:
                logger.info("darling: %s is of another judge, and starts empty", path)
                return None
            names = [key.removesuffix(".keys") for key in arrays.files if key.endswith(".keys")]
            return {name: Contents(*(arrays[f"{name}.{field}"] for field in Contents._fields)) for name in names}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("darling: %s cannot be read, and what the judge said is asked again: %s", path, error)
        return None


def _files(model: str) -> Iterator[tuple[str, int, int]]:
    path = Path(model).expanduser()
    inside = [path] if path.is_file() else path.rglob("*")
    for file in inside:
        if file.is_file():
            about = file.stat()
            yield str(file.relative_to(path)), about.st_size, about.st_mtime_ns
    if path.is_file():  # a cascade's file names the folders of two models
        named = json.loads(path.read_text())
        for key in ("first", "second"):
            yield from _files(str(named[key]))
