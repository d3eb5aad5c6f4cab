"""What a run wrote besides its weights.

Configuration: Hydra's `.hydra/config.yaml`, which hydra.run.dir='${trainer.default_local_dir}' puts into the run's
folder. Otherwise it is in outputs/<day>/<time>/ of the folder that the job was started in: of those in the working
directory, the newest that names this run's `trainer.default_local_dir` is taken.

Metrics: metrics.jsonl or verl_metrics.jsonl in the run's folder, or in the one above it. Otherwise where verl's loggers
put them in the folder that the job was started in: <project>/<experiment>.jsonl, or TensorBoard's files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.files import file_digest
from darling_plugin.json_lines import finite, read_lines
from darling_plugin.tools.plain_yaml import read_config, read_tree
from darling_plugin.tools.redact import redact
from darling_plugin.tools.report.metrics import FORM, NAMES, read_metrics
from darling_plugin.tools.report.runs import Row

HYDRA = Path(".hydra") / "config.yaml"
FOLDER = re.compile(r"^ *default_local_dir: *(.+?) *$", re.MULTILINE)
DATA = ("train_files", "val_files")


@dataclass(frozen=True)
class DataFile:
    """One file of `data.<role>`; digest: SHA-256, None where the file is not here."""

    role: str
    path: str
    digest: str | None


@dataclass(frozen=True)
class Record:
    """All parts can be empty.

    Attributes:
        config: with its plain interpolations replaced, and redacted.
        config_file, metrics_file: where they were found.
        started_in: the folder that relative paths in the configuration start from.
        rows: the steps that were logged, up to the exported one.
    """

    config: Mapping[str, Any]
    started_in: Path
    config_file: Path | None = None
    metrics_file: Path | None = None
    rows: tuple[Row, ...] = ()
    data: tuple[DataFile, ...] = ()

    def get(self, key: str) -> Any:
        """The value under a dotted key; None where there is none."""
        value: Any = self.config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


def read_record(run: Path, step: int | None, *, config: Path | None = None, metrics: Path | None = None) -> Record:
    """What is known of the run in `run` (`trainer.default_local_dir`).

    Args:
        step: rows after it are left out; None keeps all.
        config: the configuration, or the folder of `.hydra`; None finds it.
        metrics: a file of JSON lines, or a folder as `darling report` takes it; None finds them.

    Raises:
        InputError: a given file is not there, or cannot be read.
    """
    file = _given_config(config) if config is not None else _find_config(run)
    resolved = {} if file is None else read_config(file)
    record = Record(resolved, _started_in(file), file)
    metrics_file, rows = (metrics, _rows(metrics)) if metrics is not None else _find_rows(run, record)
    kept = tuple(row for row in rows if step is None or row["step"] <= step)
    files = tuple(_data_files(resolved, record.started_in))
    return replace(record, config=redact(resolved), metrics_file=metrics_file, rows=kept, data=files)


def _given_config(path: Path) -> Path:
    path = path.expanduser()
    found = next((each for each in (path, path / HYDRA, path / "config.yaml") if each.is_file()), None)
    if found is None:
        raise InputError(
            f"--config: {path} is neither a file nor a folder with {HYDRA}; give the config.yaml of the run."
        )
    return found


def _find_config(run: Path) -> Path | None:
    if (run / HYDRA).is_file():
        return run / HYDRA
    launches = sorted(Path.cwd().glob(f"outputs/*/*/{HYDRA}"), reverse=True)  # by day and time, the newest first
    return next((file for file in (run.parent / HYDRA, *launches) if file.is_file() and _belongs_to(run, file)), None)


def _belongs_to(run: Path, file: Path) -> bool:
    """Whether it is of a job with that `trainer.default_local_dir`; one that cannot be read is of none."""
    named = FOLDER.search(file.read_text(encoding="utf-8", errors="replace"))
    folder = "" if named is None else named[1].strip("'\"")
    try:
        if "${" in folder:  # rare, and 100 times slower than the search
            trainer = read_config(file).get("trainer")
            folder = str(trainer["default_local_dir"]) if isinstance(trainer, Mapping) else folder
        return Path(folder).name == run.name and (_started_in(file) / folder).resolve() == run.resolve()
    except InputError:
        return False


def _started_in(file: Path | None) -> Path:
    """Hydra writes down where a job was started."""
    settings = None if file is None else file.parent / "hydra.yaml"
    if settings is None or not settings.is_file():
        return Path.cwd()
    found: Any = read_tree(settings)
    for part in ("hydra", "runtime", "cwd"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return Path.cwd() if found is None else Path(str(found))


def _find_rows(run: Path, record: Record) -> tuple[Path | None, list[Row]]:
    project, experiment = (str(record.get(f"trainer.{name}_name")) for name in ("project", "experiment"))
    places = [folder / name for folder in (run, run.parent) for name in NAMES]
    if record.config:
        places.append(record.started_in / project / f"{experiment}.jsonl")  # verl's file logger
        places.append(record.started_in / "tensorboard_log" / project / experiment)
    found = next((place for place in places if place.exists()), None)
    return found, [] if found is None else _rows(found)


def _rows(path: Path) -> list[Row]:
    path = path.expanduser()
    if path.is_dir():
        return read_metrics(path)
    if not path.is_file():
        raise InputError(f"--metrics: {path} is not there; give the file of verl's file logger, or a folder with it.")
    steps: dict[float, Row] = {}
    for where, line, _ in read_lines(path, FORM, growing=True):
        step = finite(line.get("step"))
        if step is None:
            raise InputError(f"{where}: got no number under 'step', expected {FORM}.")
        data = line["data"] if isinstance(line.get("data"), Mapping) else line
        values = {name: found for name, value in data.items() if (found := finite(value)) is not None}
        steps.setdefault(step, {}).update(values | {"step": step})
    return [steps[step] for step in sorted(steps)]


def _data_files(config: Mapping[str, Any], started_in: Path) -> Iterator[DataFile]:
    data = config.get("data")
    for role in DATA:
        files = data.get(role) if isinstance(data, Mapping) else None
        for file in files if isinstance(files, list) else [files]:
            if file is not None:
                path = started_in / Path(str(file)).expanduser()
                yield DataFile(role, redact(str(file)), file_digest(path) if path.is_file() else None)
