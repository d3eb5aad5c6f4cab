"""Responses that exist already: another evaluation's folder, or a file that somebody else's tools wrote."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_objects
from darling_plugin.tools.evaluation.folder import Folder
from darling_plugin.tools.evaluation.prompts import Prompt

logger = logging.getLogger(__name__)

IDS = ("id", "uid")
PROMPTS = ("prompt", "instruction")
RESPONSES = ("responses", "generations", "response", "output")


class Row(NamedTuple):
    """What a file says of one prompt; `id` or `text` may be missing."""

    id: str | None
    text: str | None
    responses: list[str]


class Given:
    """The responses to each prompt, found by the prompt's id, or by its text.

    A row is a prompt's where its id is the prompt's, and its text is no other prompt's; or where its text is the
    prompt's; or else where its id is the prompt's without the part that it is from (`curated-0` of
    `curated/curated-0`), if only one prompt ends so. Rows that are no prompt's are counted and named in a warning.

    Args:
        path: a folder of `darling eval run`, or a file of JSON lines (or one JSON list) whose objects have `id` or
            `prompt` (`uid`, `instruction`) and `responses` or `response` (`generations`, `output`, or `messages` that
            end with the answer): those of NoveltyBench, AlpacaEval, Arena-Hard and this package. A second line for a
            prompt adds to the first.
    """

    def __init__(self, path: str | Path, setting: str):
        self.path = Path(path).expanduser()
        self.setting = setting
        self._rows = self._read_folder() if self.path.is_dir() else self._read_file()
        if not any(row.responses for row in self._rows):
            raise InputError(f"`{setting}`: {self.path} holds no responses")

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that change with any response."""
        return hashlib.sha256(repr(sorted(self._rows, key=repr)).encode("utf-8", "backslashreplace")).hexdigest()

    def to(self, prompts: Sequence[Prompt]) -> dict[str, list[str]]:
        """Prompt id → its responses, in order; a prompt without any is not there.

        Raises `InputError` where not one row is one of the prompts'.
        """
        ids = {prompt.id for prompt in prompts}
        texts: dict[str, list[str]] = {}
        ends: dict[str, list[str]] = {}
        for prompt in prompts:
            texts.setdefault(prompt.shown, []).append(prompt.id)
            ends.setdefault(prompt.id.rpartition("/")[2], []).append(prompt.id)
        found: dict[str, list[str]] = {}
        strangers = []
        for row in self._rows:
            by_text = texts.get(row.text, []) if row.text is not None else []
            by_end = ends.get(row.id, []) if row.id is not None else []
            if row.id in ids and (not by_text or row.id in by_text):
                own = row.id
            elif len(by_text) == 1:
                own = by_text[0]
            elif len(by_end) == 1:
                own = by_end[0]
            else:
                strangers.append(row)
                continue
            found.setdefault(str(own), []).extend(row.responses)
        self._name(strangers, prompts, nothing=not found)
        return found

    def _name(self, strangers: Sequence[Row], prompts: Sequence[Prompt], *, nothing: bool) -> None:
        if not strangers or not prompts:
            return
        shown = ", ".join(repr(row.id if row.id is not None else row.text)[:60] for row in strangers[:3])
        more = ", …" if len(strangers) > 3 else ""
        said = (
            f"{len(strangers)} of {len(self._rows)} rows belong to no prompt, neither by id nor by text: {shown}{more}"
        )
        if nothing:
            wanted = ", ".join(repr(prompt.id) for prompt in prompts[:3])
            raise InputError(f"`{self.setting}`: {self.path}: {said}. The ids of the prompts are {wanted}, …")
        logger.warning("%s: %s", self.path, said)

    def _read_folder(self) -> list[Row]:
        folder = Folder.read(self.path)
        rows = folder.rows("samples")
        found = []
        for prompt in folder.prompts:
            own = [rows[key]["response"] for key in ((prompt.id, n) for n in range(folder.samples)) if key in rows]
            found.append(Row(prompt.id, prompt.shown, own))
        return [row for row in found if row.responses]

    def _read_file(self) -> list[Row]:
        found = []
        for where, row in read_objects(self.path):
            name, text = (next((row[key] for key in keys if key in row), None) for keys in (IDS, PROMPTS))
            given = next((row[key] for key in RESPONSES if key in row), None)
            given = _last_answer(row["messages"]) if given is None and "messages" in row else given
            own = [given] if isinstance(given, str) else given
            if not isinstance(own, list) or not all(isinstance(one, str) for one in own):
                raise InputError(
                    f"{where}: expected `response`, a text, or `responses`, a list of texts; got {own!r:.100}"
                )
            named = isinstance(name, str | int) and not isinstance(name, bool)
            if not named and not isinstance(text, str):
                raise InputError(f"{where}: expected the prompt's `id`, or its text as `prompt`; got neither")
            found.append(Row(str(name) if named else None, text if isinstance(text, str) else None, own))
        return found


def _last_answer(messages: Any) -> str | None:
    """The last message's content, a text or Arena-Hard's {"answer": text}; None if it is no such thing."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) and last.get("role") == "assistant" else None
    found = content.get("answer") if isinstance(content, dict) else content
    return found if isinstance(found, str) else None
