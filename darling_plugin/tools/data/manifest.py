"""manifest.json beside the files: each file's sources, what the filters did, and its digest.

    {"format": 2, "task": "math", "versions": {…}, "files": {"aime25.parquet": {
        "recipe": everything that decides the content: settings, and the digests of all inputs,
        "rows": 30, "sha256": "…", "filters": [{"step": …, "kept": …, "dropped": {…}}], …}}}

A file whose recipe and digest agree is not made again. The manifest is replaced atomically after each file, so that a
killed run loses at most the file that it was working on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError
from darling_plugin.files import file_digest, replacing
from darling_plugin.json_lines import read_document
from darling_plugin.packages import versions_of

NAME = "manifest.json"
FORMAT = 2  # raise when the same recipe gives other files: older files are then made again
FIELDS = {"recipe", "sha256", "rows", "origin", "filters"}  # of each file
DAMAGED = "is not a manifest that `darling data prepare` wrote; make the files again with --force"
PACKAGES = ("darling-plugin", "math-verify", "pyarrow", "huggingface_hub")


class Manifest:
    """The manifest of one folder. Raises `InputError` where there is one that cannot be read, or of another task.

    With `force`, no file is up to date, and an unreadable manifest is replaced.
    """

    def __init__(self, folder: Path, task: str, *, force: bool = False) -> None:
        self._folder, self._task, self._force = folder, task, force
        try:
            self._files = self._read()
        except InputError:
            if not force:
                raise
            self._files = {}

    def up_to_date(self, file: str, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the manifest says of `file`, if it was made by this recipe and has not been changed since."""
        said, path = self._files.get(file), self._folder / file
        if self._force or said is None or said["recipe"] != json.loads(json.dumps(recipe)):
            return None
        return said if path.is_file() and file_digest(path) == said["sha256"] else None

    def put(self, file: str, recipe: Mapping[str, Any], **told: Any) -> None:
        """Note that `file` was made by `recipe`; its digest is taken here."""
        self._files[file] = {"recipe": recipe, "sha256": file_digest(self._folder / file), **told}
        content = {"format": FORMAT, "task": self._task, "versions": _versions(), "files": self._files}
        with replacing(self._folder / NAME) as part:
            part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _read(self) -> dict[str, Any]:
        path = self._folder / NAME
        if not path.is_file():
            return {}
        content = _parse(path)
        if content.get("task") != self._task:
            raise InputError(
                f"{path}: is of the task {content.get('task')!r}, not {self._task!r}; "
                "choose another folder with --out, or start again with --force"
            )
        return _files(content, path) if content.get("format") == FORMAT else {}


class Verdict(NamedTuple):
    """Whether a file still is what the manifest says: `same`, `changed` or `missing`."""

    file: str
    state: str


def check(folder: Path) -> list[Verdict]:
    """Compare the folder's files with its manifest, Countdown's too. Raises `InputError` where there is none."""
    path = folder / NAME
    if not path.is_file():
        raise InputError(f"{folder}: holds no {NAME}; expected a folder that `darling data prepare` wrote")
    content = _parse(path)
    digests = content.get("sha256") or {file: said["sha256"] for file, said in _files(content, path).items()}
    if not isinstance(digests, dict):
        raise InputError(f"{path}: {DAMAGED}")
    return [Verdict(file, _state(folder / file, digest)) for file, digest in digests.items()]


def _state(path: Path, digest: str) -> str:
    if not path.is_file():
        return "missing"
    return "same" if file_digest(path) == digest else "changed"


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = read_document(path, "a manifest")
    except InputError as error:
        raise InputError(f"{error}; make the files again with --force") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: {DAMAGED}")
    return content


def _files(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What a manifest says of each file. Raises `InputError` where it is of another form."""
    files = content.get("files", {})
    if not isinstance(files, dict) or not all(
        isinstance(said, dict) and said.keys() >= FIELDS for said in files.values()
    ):
        raise InputError(f"{path}: {DAMAGED}")
    return files


def _versions() -> dict[str, str]:
    import platform

    return {"python": platform.python_version()} | versions_of(PACKAGES)
