"""What a similarity found, in a file: a restarted job scores nothing twice.

One `.npz` of plain arrays (read without pickle), written beside its name and then renamed, so that a killed job
leaves the old file or the new one. It is only valid for the similarity that it came from (`similarity_digest`).
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

SIMILARITY = "similarity.of"
ROWS = 3  # how rows are written; other numbers are other similarities' rows to this version


def similarity_digest(similarity: SimilaritySettings) -> str:
    """Identifies a similarity by its settings, and by the names, sizes and times of the files that they name.

    A model on the Hugging Face hub is identified by its name only, so a change of the model there is not noticed.
    """
    chosen = similarity.model_dump(exclude={"threshold", "short_text_rule", "text", "device"})
    files = sorted(_files(similarity.model)) if similarity.model else []
    return hashlib.sha256(json.dumps([ROWS, chosen, files]).encode()).hexdigest()


def write(path: Path, contents: Mapping[str, Contents], digest: str) -> None:
    """Write the file, in place of the one that is there."""
    arrays: dict[str, Any] = {SIMILARITY: np.array(digest)}
    for name, held in contents.items():
        arrays |= {f"{name}.{field}": array for field, array in held._asdict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, shared=True) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def read(path: Path, digest: str) -> dict[str, Contents] | None:
    """What the file holds; None, with a line in the log, where it is another similarity's or cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if str(arrays[SIMILARITY]) != digest:
                logger.info("darling: %s was written with another similarity, so the memory starts empty", path)
                return None
            names = [key.removesuffix(".keys") for key in arrays.files if key.endswith(".keys")]
            return {name: Contents(*(arrays[f"{name}.{field}"] for field in Contents._fields)) for name in names}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("darling: %s cannot be read, so its pairs are scored again: %s", path, error)
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
