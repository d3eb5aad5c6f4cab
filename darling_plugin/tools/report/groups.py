"""The groups that a run wrote down: `integrations/verl/samples.py` says what a line holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.json_lines import finite, read_lines
from darling_plugin.tools.report.runs import Group, Response

FOLDERS = ("samples", "darling_samples")
MEASURES = ("quality", "diversity", "reward", "advantage")
FORM = '{"step": 1, "uid": "a", "prompt": "…", "response": "…", "class": 0, "quality": 1.0, …}'


def read_groups(folder: Path) -> list[Group]:
    """The groups in samples/*.jsonl and darling_samples/*.jsonl, by step; none where neither folder is there.

    Responses are one group when step and uid are equal (without a uid: step and prompt). `class` and the measures may
    be missing. Raises `InputError` for a line without step, prompt and response.
    """
    members: dict[tuple[int, str], list[tuple[str, Response]]] = {}
    files = [file for name in FOLDERS for file in sorted((folder / name).glob("*.jsonl"))]
    for file in files:
        for where, line, _ in read_lines(file, FORM, growing=True):
            step, prompt, response = line.get("step"), line.get("prompt"), line.get("response")
            if not isinstance(step, int) or not isinstance(prompt, str) or not isinstance(response, str):
                raise InputError(f"{where}: got the fields {sorted(line)}, expected {FORM}.")
            uid = str(line.get("uid", prompt))
            members.setdefault((step, uid), []).append((prompt, _response(response, line)))
    groups = [
        Group(step, uid, each[0][0], tuple(response for _, response in each)) for (step, uid), each in members.items()
    ]
    return sorted(groups, key=lambda group: group.step)


def _response(text: str, line: Mapping[str, Any]) -> Response:
    label = line.get("class")
    return Response(
        text,
        label if isinstance(label, int) else None,
        {name: finite(line.get(name)) for name in MEASURES},
    )


def thinned(groups: list[Group], characters: int) -> list[Group]:
    """Each s-th group, with the smallest s that keeps all texts within so many characters; at least the first one."""
    sizes = [len(group.prompt) + sum(len(each.text) for each in group.responses) for group in groups]
    for every in range(1, len(groups) + 1):
        if sum(sizes[::every]) <= characters:
            return groups[::every]
    return groups[:1]
