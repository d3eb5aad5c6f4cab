"""Responses that exist already: another evaluation's folder, or a file that somebody else's tools wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_objects
from darling_plugin.tools.evaluation.folder import Folder
from darling_plugin.tools.evaluation.prompts import Prompt

IDS = ("id", "uid")
PROMPTS = ("prompt", "instruction")
RESPONSES = ("responses", "generations", "response", "output")


class Given:
    """The responses to each prompt, found by the prompt's id or, where the file has no ids, by its text.

    Args:
        path: a folder of `darling eval run`, or a file of JSON lines (or one JSON list) whose objects have `id` or
            `prompt` (`uid`, `instruction`) and `responses` or `response` (`generations`, `output`): those of
            NoveltyBench, AlpacaEval and this package. A second line for a prompt adds to the first.
    """

    def __init__(self, path: str | Path, setting: str):
        self.path = Path(path).expanduser()
        self.setting = setting
        self._of: dict[str, list[str]] = {}
        if self.path.is_dir():
            self._read_folder()
        else:
            self._read_file()
        if not self._of:
            raise InputError(f"`{setting}`: {self.path} holds no responses")

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that change with any response."""
        return hashlib.sha256(repr(sorted(self._of.items())).encode("utf-8", "backslashreplace")).hexdigest()

    def to(self, prompt: Prompt) -> Sequence[str]:
        """In order; none where there are none."""
        return self._of.get(f"id {prompt.id}") or self._of.get(f"text {prompt.shown}") or []

    def _read_folder(self) -> None:
        folder = Folder.read(self.path)
        rows = folder.rows("samples")
        for prompt in folder.prompts:
            own = [rows[key]["response"] for key in ((prompt.id, n) for n in range(folder.samples)) if key in rows]
            if own:
                self._of[f"id {prompt.id}"] = self._of[f"text {prompt.shown}"] = own

    def _read_file(self) -> None:
        for where, row in read_objects(self.path):
            name, text = (next((row[key] for key in keys if key in row), None) for keys in (IDS, PROMPTS))
            found = next((row[key] for key in RESPONSES if key in row), None)
            own = [found] if isinstance(found, str) else found
            if not isinstance(own, list) or not all(isinstance(one, str) for one in own):
                raise InputError(
                    f"{where}: expected `response`, a text, or `responses`, a list of texts; got {own!r:.100}"
                )
            if isinstance(name, str | int):
                key = f"id {name}"
            elif isinstance(text, str):
                key = f"text {text}"
            else:
                raise InputError(f"{where}: expected the prompt's `id`, or its text as `prompt`; got neither")
            self._of.setdefault(key, []).extend(own)
