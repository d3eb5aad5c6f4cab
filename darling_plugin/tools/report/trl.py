"""A folder of TRL: the steps in trainer_state.json, and the groups in its tables of completions.

TRL writes trainer_state.json into each checkpoint, and completions/completions_*.parquet with log_completions=True.
DARLING's columns in a table are quality, diversity, class and group; `darling` is the reward.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError, MissingDependencyError
from darling_plugin.json_lines import finite, read_document, regular_file
from darling_plugin.tools.report.runs import Group, Response, Row

STATE, TABLES = "trainer_state.json", "completions/*.parquet"
STATE_FORM, TABLE_FORM = "the state of a transformers trainer", "a table of TRL's completions: step, prompt, completion"
NAMES = {
    "entropy": "actor/entropy",
    "completions/mean_length": "response_length/mean",
    "step_time": "timing_s/step",
    "loss": "actor/pg_loss",
    "grad_norm": "actor/grad_norm",
}
"""TRL's name → verl's, under which the page shows it."""


def step_row(logged: Mapping[str, Any]) -> Row | None:
    """One entry of TRL's log_history as a step; None for one that is no training step, such as an evaluation."""
    if "reward" not in logged or finite(logged.get("step")) is None:
        return None
    return {NAMES.get(name, name): found for name, value in logged.items() if (found := finite(value)) is not None}


def read_trl_metrics(folder: Path) -> list[Row]:
    """The steps in the folder's trainer_state.json, or in that of its last checkpoint; none without one."""
    files = [folder / STATE] if (folder / STATE).is_file() else list(folder.glob(f"checkpoint-*/{STATE}"))
    if not files:
        return []
    last = max(files, key=lambda file: int("0" + file.parent.name.rpartition("-")[2]) if len(files) > 1 else 0)
    state = read_document(last, STATE_FORM)
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list) or not all(isinstance(logged, dict) for logged in history):
        raise InputError(f"{last}: got no list of objects under log_history, expected {STATE_FORM}.")
    return [row for logged in history if (row := step_row(logged)) is not None]


def read_trl_groups(folder: Path) -> list[Group]:
    """The groups of each table: by its column `group`, else rows that follow each other with one prompt."""
    files = sorted(folder.glob(TABLES))
    if not files:
        return []
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError(f"{files[0]}: needs pyarrow: pip install pyarrow") from error
    found: list[Group] = []
    for file in files:
        try:
            found += _groups(pq.read_table(regular_file(file)).to_pylist())
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:  # pyarrow's are ValueErrors
            raise InputError(f"{file}: got {type(error).__name__} ({error!s:.200}), expected {TABLE_FORM}.") from error
    return found


def _groups(rows: Sequence[Mapping[str, Any]]) -> list[Group]:
    found = []
    for place, (_, part) in enumerate(
        itertools.groupby(rows, key=lambda row: row.get("group", json.dumps(row["prompt"])))
    ):
        own = list(part)
        found.append(
            Group(int(own[0]["step"]), str(place), _text(own[0]["prompt"]), tuple(_response(row) for row in own))
        )
    return found


def _response(row: Mapping[str, Any]) -> Response:
    label = row.get("class")
    measures = {name: finite(row.get(name)) for name in ("quality", "diversity", "advantage")}
    measures["reward"] = finite(row.get("darling"))
    return Response(_text(row["completion"]), label if isinstance(label, int) else None, measures)


def _text(messages: Any) -> str:
    if isinstance(messages, str):
        return messages
    return "\n".join(f"{message.get('role')}: {message.get('content')}" for message in messages)
