"""What a task is, and where its prompts come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.json_lines import read_objects
from darling_plugin.tools.evaluation.prompts import Prompt, parse, unique
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.hub_reach import hub_or_cache


@dataclass(frozen=True)
class Source:
    """Where prompts come from, as the user specified it.

    Args:
        sets: parts of the task; empty means the task's default parts.
        data: a folder with a file for each part, or the one file of the one part; None is the Hugging Face hub.
        prompts: the user's own file, for tasks that take one.
        seed: of the draw of prompts, where a task draws them.
        limit: use only the first `limit` prompts of each part.
    """

    sets: tuple[str, ...] = ()
    data: Path | None = None
    prompts: Path | None = None
    seed: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class Task:
    """One task.

    Args:
        read: its prompts.
        samples, sampling: drawn for each prompt.
        scorer: its name; None if the task has no default.
        similarity: by name, with its options; None for no partition.
        way: "closure" or "greedy" (`partitions.py`).
        baseline: responses are compared with a baseline's where there is one.
        question: what the judge of that comparison looks at: "writing" or "answers" (`judging/pairwise.py`).
    """

    name: str
    about: str
    read: Callable[[Source], list[Prompt]]
    samples: int
    sampling: Sampling
    scorer: str | None = None
    similarity: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    way: str = "closure"
    baseline: bool = False
    question: str = "writing"


@dataclass(frozen=True)
class Part:
    """One part of a task: where it is on the hub, the name of its local file, and how a row becomes a prompt.

    `row(fields)` gives `id`, `prompt` and, where there is one, `answer`; a row that is left out gives None. A KeyError
    in it is a file of another shape.
    """

    path: str
    split: str
    file: str
    row: Callable[[Mapping[str, Any], int], Mapping[str, Any] | None]
    config: str | None = None
    files: str | None = None
    """The one file of the repository that is read, where it is no data set in the hub's sense."""


def read_parts(parts: Mapping[str, Part], usual: Sequence[str], source: Source) -> list[Prompt]:
    """The prompts of the chosen parts, each with the id `part/id`."""
    if source.prompts is not None:
        raise InputError("`--prompts` has no effect on this task, which reads --data or the hub; remove it")
    chosen = source.sets or tuple(usual)
    for name in chosen:
        if name not in parts:
            raise InputError(f"`--sets` must be among {', '.join(parts)}; got {name!r}")
    if source.data is not None and not source.data.is_dir() and len(chosen) != 1:
        raise InputError(f"`--data` {source.data} is one file, but --sets names {len(chosen)} parts; give a folder")
    prompts: list[Prompt] = []
    for name in chosen:
        prompts += _read_part(name, parts[name], source)
    return unique(prompts, ", ".join(chosen))


def _read_part(name: str, part: Part, source: Source) -> list[Prompt]:
    found: list[Prompt] = []
    for number, (where, fields) in enumerate(_rows(part, source.data)):
        if source.limit is not None and len(found) == source.limit:
            break
        try:
            row = part.row(fields, number)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InputError(
                f"{where}: not a row of {name} ({type(error).__name__}: {error}); its fields are {', '.join(fields)}"
            ) from None
        if row is not None:
            found.append(parse({**row, "id": f"{name}/{row['id']}"}, where, source=name))
    return found


def _rows(part: Part, data: Path | None):
    if data is not None:
        yield from read_objects(data / part.file if data.is_dir() else data)
        return
    from darling_plugin.similarity.packaged import require

    require("datasets")
    import datasets
    import huggingface_hub

    failures = (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError, datasets.exceptions.DatasetNotFoundError)
    with hub_or_cache() as why:
        try:
            if part.files is not None:
                url = f"hf://datasets/{part.path}/{part.files}"
                loaded = datasets.load_dataset("json", data_files=url, split="train")
            else:
                loaded = datasets.load_dataset(part.path, part.config, split=part.split)
        except failures as error:
            said = f"out of reach: {why}" if why else f"{type(error).__name__}: {error!s:.300}"
            raise InputError(
                f"{part.path}: cannot be loaded from the Hugging Face hub ({said}), nor from its cache. Set --data to "
                f"a folder with {part.file}"
            ) from error
    for number, row in enumerate(loaded):
        yield f"{part.path}, row {number}", row


def own_prompts(source: Source) -> list[Prompt]:
    """The prompts of the user's file: `id`, `prompt` and, where there is one, `answer`; `source` names a part."""
    if source.prompts is None:
        raise InputError("`--prompts` must name a file of JSON lines with id, prompt and optionally answer")
    found = []
    for number, (where, fields) in enumerate(read_objects(source.prompts)):
        if source.limit is not None and number == source.limit:
            break
        part = fields.get("source", "")
        if not isinstance(part, str):
            raise InputError(f"{where}: `source` must be a text, got {part!r:.100}")
        found.append(parse(fields, where, source=part))
    return unique(found, str(source.prompts))
