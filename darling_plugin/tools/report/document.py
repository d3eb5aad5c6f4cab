"""All that a report shows, as one dictionary of plain values: the page, the figures and `--json` read the same numbers.

    runs       [{name, title, about, health: {status, reasons}, details, steps, outcomes: [{name, before, after}],
                ends: [{name, first, last}], missing}]
    window     how many first and last steps `ends` averages, at most
    panels     [{title, note, limits: [low, high],
                lines: [{run, points: [[step, value]], smooth}]}]
    plane      [{run, points: [[step, diversity, quality]], smooth}]
    pass_at_k  [{run, label, points: [[k, mean, low, high]]}]
    time       [{run, limit, parts: [{name, mean, points: [[step, seconds]]}]}]
    groups     [{run, step, prompt, classes, correct, responses}]; a response is
               [text, class, quality, diversity, reward, advantage]

`run` is an index into `runs`; before and after are {mean, error} or null; `smooth` is null for a short line.
`limits` and `limit` leave out a few extreme values: where an axis ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from darling_plugin.tools.report import curves
from darling_plugin.tools.report.groups import MEASURES
from darling_plugin.tools.report.health import health
from darling_plugin.tools.report.limits import robust_limits
from darling_plugin.tools.report.runs import Group, Row, Run
from recipes.countdown.plot import smooth

WINDOW = 10  # single steps are noisy
SMOOTH_FROM = 25  # points: a shorter line is shown as it is


def document(runs: Sequence[Run]) -> dict[str, Any]:
    """The dictionary described above."""
    return {
        "runs": [_run(run) for run in runs],
        "window": WINDOW,
        "panels": _panels(runs),
        "plane": [
            {"run": i, "points": points, "smooth": _smooth_path(points)}
            for i, run in enumerate(runs)
            if (points := curves.plane(run.rows))
        ],
        "pass_at_k": [{"run": i} | asdict(each) for i, run in enumerate(runs) for each in run.pass_at_k],
        "time": [
            {"run": i, "limit": _limit(split), "parts": [_part(name, points) for name, points in split.items()]}
            for i, run in enumerate(runs)
            if (split := curves.time_split(run.rows))
        ],
        "groups": [_group(i, group) for i, run in enumerate(runs) for group in run.groups],
    }


def numbers(page: dict[str, Any]) -> dict[str, Any]:
    """The document without the sampled texts: those are JSON lines in the run's folder already."""
    return {name: value for name, value in page.items() if name != "groups"}


def _run(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "title": run.title,
        "about": dict(run.about),
        "health": health(run.rows)._asdict(),
        "details": dict(run.details),
        "steps": len([row for row in run.rows if row["step"] > 0]),  # 0: a validation before training
        "outcomes": [asdict(outcome) for outcome in run.outcomes],
        "ends": _ends(run.rows),
        "missing": list(run.missing),
    }


def _ends(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Means of the first and of the last steps: WINDOW of them, or half where there are fewer than two windows."""
    ends = []
    for curve in curves.CURVES[:3]:
        values = [value for _, value in curves.series(rows, curve.keys)]
        window = min(WINDOW, len(values) // 2)
        if window:
            first, last = sum(values[:window]) / window, sum(values[-window:]) / window
            ends.append({"name": curve.title, "first": first, "last": last})
    return ends


def _panels(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A panel for each curve that any run has."""
    found = dict.fromkeys(curve for run in runs for curve in curves.validations(run.rows))
    panels = []
    for curve in (*curves.CURVES, *found):
        found_lines = [(i, points) for i, run in enumerate(runs) if (points := curves.series(run.rows, curve.keys))]
        if found_lines:
            limits = robust_limits([value for _, points in found_lines for _, value in points])
            lines = [{"run": i, "points": points, "smooth": _smooth_line(points, limits)} for i, points in found_lines]
            panels.append({"title": curve.title, "note": curve.note, "limits": limits, "lines": lines})
    return panels


def _smooth_line(points: curves.Points, limits: tuple[float, float]) -> list[float] | None:
    """An extreme value counts as one at the limit: it would lift the average of all steps after it."""
    low, high = limits
    return smooth([min(high, max(low, value)) for _, value in points]) if len(points) >= SMOOTH_FROM else None


def _smooth_path(points: Sequence[tuple[float, float, float]]) -> list[tuple[float, float]] | None:
    if len(points) < SMOOTH_FROM:
        return None
    return list(zip(smooth([x for _, x, _ in points]), smooth([y for _, _, y in points]), strict=True))


def _limit(split: Mapping[str, curves.Points]) -> float:
    """Seconds at which the axis ends."""
    totals = [sum(seconds for _, seconds in step) for step in zip(*split.values(), strict=True)]
    return robust_limits(totals)[1]


def _part(name: str, points: curves.Points) -> dict[str, Any]:
    return {"name": name, "mean": sum(seconds for _, seconds in points) / len(points), "points": points}


def _group(run: int, group: Group) -> dict[str, Any]:
    return {
        "run": run,
        "step": group.step,
        "prompt": group.prompt,
        "classes": group.classes,
        "correct": group.correct,
        "responses": [[each.text, each.label, *(each.measures[name] for name in MEASURES)] for each in group.responses],
    }
