"""What each training step logged: JSON lines, or TensorBoard's event files.

JSON lines come in two forms, `{"step": 1, "critic/score/mean": 0.2, …}` and that of verl's `file` logger,
`{"step": 1, "data": {"critic/score/mean": 0.2, …}}` (verl/utils/tracking.py). Its file is
`<trainer.default_local_dir>/metrics/<time>.jsonl` with this plugin, one for each start of the job, unless
VERL_FILE_LOGGER_PATH names another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from darling_plugin.errors import InputError, MissingDependencyError
from darling_plugin.json_lines import finite, read_lines
from darling_plugin.tools.report.runs import Row

NAMES = ("metrics.jsonl", "verl_metrics.jsonl")
STARTS = "metrics"  # a folder of one file for each start, in the order of their names
EVENTS = "events.out.tfevents.*"
FORM = '{"step": 1, "critic/score/mean": 0.2, …} or {"step": 1, "data": {"critic/score/mean": 0.2, …}}'


def read_metrics(folder: Path) -> list[Row]:
    """The steps of a run, in order; a step that was logged twice (a resumed run) is as it was logged last.

    The first of these that is there: metrics.jsonl, verl_metrics.jsonl, metrics/*.jsonl one after the other, the
    folder's only *.jsonl, event files in the folder or below. Nothing of them: no rows. Numbers that are not finite are
    left out. Raises `InputError` for a line that is no step, or where it cannot know which file is meant.
    """
    named = [folder / name for name in NAMES if (folder / name).is_file()]
    starts = sorted((folder / STARTS).glob("*.jsonl"))
    if starts and not named:
        return _by_step([row for file in starts for row in _of_lines(file)])
    files = named[:1] or sorted(folder.glob("*.jsonl"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise InputError(f"{folder}: got {names}, expected one of them to be metrics.jsonl; rename the run's own.")
    if files:
        return _by_step(_of_lines(files[0]))
    folders = sorted({file.parent for file in folder.rglob(EVENTS)})
    if len(folders) > 1:
        names = ", ".join(str(each) for each in folders[:5])
        raise InputError(f"{folder}: TensorBoard files of several runs, in {names}; give one of these folders as RUN.")
    return _by_step(_of_events(folders[0])) if folders else []


def _of_lines(path: Path) -> list[Row]:
    rows = []
    for where, line, _ in read_lines(path, FORM, growing=True):
        step = finite(line.get("step"))
        if step is None:
            raise InputError(f"{where}: got no number under 'step', expected {FORM}.")
        data = line.get("data")
        values = data if isinstance(data, Mapping) else line
        numbers = {name: found for name, value in values.items() if (found := finite(value)) is not None}
        rows.append(numbers | {"step": step})
    return rows


def _of_events(folder: Path) -> list[Row]:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise MissingDependencyError(
            f"{folder}: reading TensorBoard's files needs its package: pip install tensorboard"
        ) from error
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})  # 0: all of them
    events.Reload()
    rows = []
    for name in events.Tags()["scalars"]:
        for event in events.Scalars(name):
            value = finite(event.value)
            if value is not None:
                rows.append({"step": float(event.step), name: value})
    return rows


def _by_step(rows: list[Row]) -> list[Row]:
    steps: dict[float, Row] = {}
    for row in rows:
        steps.setdefault(row["step"], {}).update(row)
    return [steps[step] for step in sorted(steps)]
