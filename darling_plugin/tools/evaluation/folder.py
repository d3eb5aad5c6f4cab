"""The files of one evaluation.

    settings.json       the request; a resumed run must have the same settings
    prompts.jsonl       the prompts, in order
    samples.jsonl       one line per sample: id, sample, response, finish, tokens
    scores.jsonl        one line per sample: id, sample, score, …
    pairwise.jsonl      one line per sample: id, sample, the two verdicts
    classes.jsonl       one line per prompt: id, classes
    values.jsonl        the metrics of each prompt, and
    summary.json        their means and intervals; both are recomputed from the files above
    failures.json       what failed in the last run, by stage; engine.log: what vLLM said

A shard writes `samples.0-of-4.jsonl` and so on instead. Copy the shards of several machines into one folder to
get the whole evaluation. The order of lines does not matter. A line with `refused` instead of a result stands for an
item that can never succeed, such as a prompt longer than the model's context.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.files import replacing, write_new
from darling_plugin.json_lines import dump_line, read_document
from darling_plugin.tools.evaluation import rows
from darling_plugin.tools.evaluation.prompts import Prompt, parse
from darling_plugin.tools.evaluation.rows import Row

FORMAT = 1
SETTINGS, PROMPTS = "settings.json", "prompts.jsonl"
Key = tuple[str, int]
"""(prompt id, number of the sample); what is of the whole prompt has the number −1."""


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`: the prompts index, index + count, … of the task."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if found is None or not int(found[1]) < int(found[2]):
            raise InputError(f"`--shard` must have the form i/m with 0 ≤ i < m, such as 0/4 … 3/4; got {text!r}")
        return cls(int(found[1]), int(found[2]))

    @property
    def suffix(self) -> str:
        return "" if self.count == 1 else f".{self.index}-of-{self.count}"


class Folder:
    """One evaluation's folder. `settings`: what was asked for; `prompts`: in order; `noted`: what changes nothing."""

    def __init__(self, path: Path, settings: Mapping[str, Any], noted: Mapping[str, Any], prompts: list[Prompt]):
        self.path = path
        self.settings = settings
        self.noted = noted
        self.prompts = prompts

    @classmethod
    def make(cls, path: Path, settings: dict[str, Any], noted: dict[str, Any], prompts: list[Prompt]) -> Folder:
        """A new folder, or one that was made with the same settings; raises `InputError` for another.

        `settings` must have a digest of the prompts: folders with the same settings have the same prompts.
        """
        settings = json.loads(json.dumps(settings))  # as it will be read: tuples become lists
        path.mkdir(parents=True, exist_ok=True)
        strangers = [found.name for found in path.iterdir() if not found.name.startswith((SETTINGS, "."))]
        if strangers and not (path / SETTINGS).exists():
            raise InputError(f"{path} holds {strangers[0]} but no evaluation; give an empty or a new folder")
        # Each in one piece and only where there is none: all shards may start at once.
        head = {"format": FORMAT, "settings": settings, "noted": noted}
        write_new(path / SETTINGS, (json.dumps(head, indent=1, ensure_ascii=False) + "\n").encode())
        others = differences(_read_head(path)["settings"], settings)
        if others:
            listed = "; ".join(f"{name}: {there!r} there, {here!r} here" for name, there, here in others)
            raise InputError(
                f"{path} holds an evaluation with other settings ({listed}). Give the same settings to resume it, or "
                "another --out"
            )
        write_new(path / PROMPTS, b"".join(dump_line(prompt.as_json()) for prompt in prompts))
        return cls.read(path)

    @classmethod
    def read(cls, path: str | Path) -> Folder:
        path = Path(path).expanduser()
        head = _read_head(path)
        if not (path / PROMPTS).is_file():
            raise InputError(f"{path} has no {PROMPTS}, because its first run was killed too early; run it again")
        prompts = []
        for where, row in rows.read(path / PROMPTS):
            fields = {"id": row.get("id"), "prompt": row.get("text"), "answer": row.get("answer")}
            prompts.append(parse(fields, where, source=str(row.get("source", ""))))
        return cls(path, head["settings"], head["noted"], prompts)

    @property
    def samples(self) -> int:
        """Samples for each prompt."""
        return int(self.settings["samples"])

    def own(self, shard: Shard) -> list[Prompt]:
        return self.prompts[shard.index :: shard.count]

    def file(self, stage: str, shard: Shard, ending: str = "jsonl") -> Path:
        return self.path / f"{stage}{shard.suffix}.{ending}"

    def rows(self, stage: str, *, refused: bool = False) -> dict[Key, Row]:
        """What is done of a stage, in all shards; with `refused`, and what need not be tried again.

        Raises `InputError` for a row that has no place here.
        """
        known = {prompt.id for prompt in self.prompts}
        found: dict[Key, Row] = {}
        for path in sorted(self.path.glob(f"{stage}*.jsonl")):
            if not re.fullmatch(rf"{stage}(\.\d+-of-\d+)?\.jsonl", path.name):
                continue
            for where, row in rows.read(path):
                name, sample = row.get("id"), row.get("sample", -1)
                if (
                    not isinstance(name, str)
                    or name not in known
                    or not isinstance(sample, int)
                    or not -1 <= sample < self.samples
                ):
                    raise InputError(f"{where}: no such prompt or sample in this evaluation; delete that line")
                if "refused" in row and not refused:
                    continue
                if found.setdefault((name, sample), row) != row:
                    raise InputError(
                        f"{where}: {name!r}, sample {sample}, is there twice with different content; delete one line"
                    )
        return found

    def write(self, name: str, text: str) -> Path:
        """A whole file, in one piece."""
        path = self.path / name
        with replacing(path, shared=True) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
        return path


def differences(there: Mapping[str, Any], here: Mapping[str, Any], within: str = "") -> list[tuple[str, Any, Any]]:
    """(name, value there, value here) of each setting that differs; one that is missing is None."""
    found = []
    for name in sorted({*there, *here}):
        a, b = there.get(name), here.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, f"{within}{name}.")
        elif a != b:
            found.append((f"{within}{name}", a, b))
    return found


def _read_head(path: Path) -> dict[str, Any]:
    """`settings` and `noted`."""
    try:
        if not (path / SETTINGS).exists():
            raise InputError(f"{path} has no {SETTINGS}; expected a folder that `darling eval run` made")
        head = read_document(path / SETTINGS, "what `darling eval run` writes")
        found, settings, noted = head["format"], head["settings"], head["noted"]
        if not isinstance(settings, dict) or not isinstance(noted, dict):
            raise TypeError("settings and noted must be objects")
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}/{SETTINGS}: not what `darling eval run` writes ({error!r})") from None
    if found != FORMAT:
        raise InputError(f"{path}/{SETTINGS}: format {found!r}, expected {FORMAT}; run the evaluation again")
    return head
