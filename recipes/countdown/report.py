"""What a Countdown run did, three times over: summary.json, curves.png, and a table on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.errors import InputError
from recipes.countdown import plot
from recipes.countdown.evaluate import Evaluation

if TYPE_CHECKING:
    from rich.console import Console

    from recipes.countdown.agreement import Agreement

SUMMARY, CURVES = "summary.json", "curves.png"
WINDOW = 10  # first and last steps that the summary averages: single steps are noisy


def write_report(
    folder: str | Path,
    *,
    before: Evaluation,
    after: Evaluation,
    metrics: str | Path | Iterable[Mapping[str, Any]],
    title: str = "",
    details: Mapping[str, Any] | None = None,
    agreements: Mapping[str, Agreement] | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Write summary.json and curves.png into `folder`, print the table, return the summary.

    `metrics` is the run's metrics.jsonl, or its rows; `details` (method, learning rate, seconds …) go into the summary
    as they are. A key that the run did not log is left out: a GRPO run has no darling/* curve. `agreements`, of a
    learned similarity with the symbolic one on each policy's responses, become a table and a part of the summary.
    """
    folder = Path(folder)
    rows = read_metrics(metrics) if isinstance(metrics, str | Path) else [_flat(row) for row in metrics]
    summary = {
        "title": title,
        "details": dict(details or {}),
        "before": before.as_dict(),
        "after": after.as_dict(),
        "steps": len(rows),
        "training": _ends(rows),
    }
    if agreements:
        summary["agreements"] = {when: asdict(figures) for when, figures in agreements.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n")
    plot.draw(folder / CURVES, before, after, rows, title)
    _print(before, after, title, folder, console)
    if agreements:
        _print_agreements(agreements, console)
    return summary


def read_metrics(path: str | Path) -> list[dict[str, float]]:
    """One row per line: `{"step": 1, "critic/score/mean": 0.2, …}`, or verl's file logger's `{"step", "data": {…}}`."""
    lines = Path(path).read_text().splitlines()
    return [_flat(_parsed(path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]


def _parsed(path: str | Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise InputError(f"{path} line {number}: got {line[:80]!r}, expected one JSON object per line.") from error


def _flat(row: Any) -> dict[str, float]:
    if not isinstance(row, Mapping) or not isinstance(row.get("step"), int | float):
        raise InputError(f'Metrics row: got {row!r}, expected {{"step": 1, "critic/score/mean": 0.2, …}}.')
    values = row["data"] if isinstance(row.get("data"), Mapping) else row
    numbers = {key: float(value) for key, value in values.items() if isinstance(value, int | float)}
    return numbers | {"step": row["step"]}


def _ends(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """For each plotted key: its mean over the first and over the last `WINDOW` steps that hold it."""
    ends = {}
    for key in sorted({key for curve in plot.CURVES for key in curve.keys}):
        values = plot.series(rows, [key])[1]
        if values:
            first, last = values[:WINDOW], values[-WINDOW:]
            ends[key] = {"first": sum(first) / len(first), "last": sum(last) / len(last)}
    return ends


def _print(before: Evaluation, after: Evaluation, title: str, folder: Path, console: Console | None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or "Countdown", title_style="bold", caption=f"{after.prompts} unseen prompts × "
                  f"{after.samples} samples, ± standard error; {folder / CURVES}")  # fmt: skip
    table.add_column("")
    for heading in ("before", "after", "change"):
        table.add_column(heading, justify="right")
    names = {"pass_at_1": "pass@1", "pass_at_k": f"pass@{after.k}", "distinct_correct": f"right classes@{after.k}"}
    for name, label in names.items():
        first, last = getattr(before, name), getattr(after, name)
        style = "green" if last >= first else "red"
        table.add_row(
            label, _with_error(before, name), _with_error(after, name), f"[{style}]{last - first:+.3f}[/{style}]"
        )
    (console or Console()).print(table)


def _with_error(evaluation: Evaluation, name: str) -> str:
    return f"{getattr(evaluation, name):.3f} ± {evaluation.standard_error.get(name, 0.0):.3f}"


def _print_agreements(agreements: Mapping[str, Agreement], console: Console | None) -> None:
    """One column for each policy whose responses were compared."""
    from rich.console import Console
    from rich.table import Table

    figures = list(agreements.values())
    pairs = " and ".join(f"{each.pairs:,}" for each in figures)
    table = Table(
        title="The learned similarity against the symbolic one",
        title_style="bold",
        caption=f"{figures[0].prompts} unseen prompts × {figures[0].responses // figures[0].prompts} responses, "
        f"{pairs} pairs of different ones",
    )
    table.add_column("on the responses of the policy")
    for when in agreements:
        table.add_column(when, justify="right")
    names = {
        "pair_agreement": "pairs: both say the same",
        "equivalents_found": "equivalent pairs found",
        "false_merges": "distinct pairs merged",
        "adjusted_rand": "classes: adjusted Rand index",
        "same_class_count": "prompts with as many classes",
    }
    for name, label in names.items():
        values = [getattr(each, name) for each in figures]
        table.add_row(label, *("–" if value is None else f"{value:.4f}" for value in values))
    counts = [f"{each.classes:.2f} ({each.classes_symbolic:.2f})" for each in figures]
    table.add_row("classes per prompt (symbolic)", *counts)
    (console or Console()).print(table)
