"""From a run's folder to a `Run`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from darling_plugin.errors import InputError
from darling_plugin.tools.report import curves
from darling_plugin.tools.report.about import about
from darling_plugin.tools.report.groups import read_groups, thinned
from darling_plugin.tools.report.metrics import read_metrics
from darling_plugin.tools.report.results import read_summary
from darling_plugin.tools.report.runs import Run
from darling_plugin.tools.report.trl import read_trl_groups, read_trl_metrics

CHARACTERS = 20_000_000  # of sampled texts in one page; a browser opened 13 million of them in 0.6 s
NO_METRICS = (
    "no steps to draw: neither metrics.jsonl, nor a file of verl's file logger, nor TensorBoard files "
    "(trainer.logger=[console,file] writes them), nor TRL's trainer_state.json"
)
NO_SUMMARY = "no summary.json with an evaluation before and after training: no outcome table"
NO_GROUPS = (
    "no sampled groups, in samples/ or darling_samples/ (darling.samples.every sets how often they are written), nor "
    "TRL's completions/ (log_completions=True)"
)


def read_runs(folders: Sequence[str | Path]) -> list[Run]:
    """Each folder as a run, under the shortest end of its path that no other run has.

    Raises `InputError` for no folder, the same folder twice, and a folder that holds nothing readable.
    """
    paths = [Path(folder).expanduser().resolve() for folder in folders]
    if not paths:
        raise InputError("RUN: got none, expected the folder of a run, such as outputs/quickstart.")
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise InputError(f"RUN: got {twice} twice, expected different folders.")
    names = short_names(paths)
    return [read_run(path, name, CHARACTERS // len(paths)) for path, name in zip(paths, names, strict=True)]


def short_names(paths: Sequence[Path]) -> list[str]:
    """`a/run` and `b/run` where `run` alone would be two of them."""
    names = []
    for path in paths:
        parts = path.parts
        ends = ["/".join(parts[-length:]) for length in range(1, len(parts) + 1)]
        others = [f"/{'/'.join(other.parts[1:])}" for other in paths if other != path]
        names.append(next((end for end in ends if not any(o.endswith(f"/{end}") for o in others)), ends[-1]))
    return names


def read_run(folder: Path, name: str, characters: int = CHARACTERS) -> Run:
    """What the folder holds. `characters`: at most so much sampled text; groups are then left out evenly."""
    if not folder.is_dir():
        raise InputError(f"RUN: {folder} is not a folder; expected the folder of a run, such as outputs/quickstart.")
    summary = read_summary(folder)
    rows = read_metrics(folder) or read_trl_metrics(folder)
    groups = read_groups(folder) or read_trl_groups(folder)
    if not (rows or summary.outcomes or groups):
        raise InputError(
            f"RUN: {folder} has nothing to report: expected metrics.jsonl, a file of verl's file logger, TensorBoard "
            "files, TRL's trainer_state.json, summary.json, samples/, darling_samples/ or completions/; give "
            "the folder that a run wrote."
        )
    missing = [NO_METRICS] * (not rows) + [NO_SUMMARY] * (not summary.outcomes) + [NO_GROUPS] * (not groups)
    if rows:
        missing += curves.missing(rows)
    shown = thinned(groups, characters)
    if len(shown) < len(groups):
        missing.append(f"{len(groups) - len(shown)} of {len(groups)} sampled groups: the page would be too large")
    return Run(
        name=name,
        folder=folder,
        title=summary.title,
        details=summary.details,
        outcomes=summary.outcomes,
        pass_at_k=summary.pass_at_k or curves.validation_pass_at_k(rows),
        rows=tuple(rows),
        groups=tuple(shown),
        missing=tuple(missing),
        about=about(folder),
    )
