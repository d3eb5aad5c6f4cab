"""The experiment's pictures: light PNG files that read on a page and on a slide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recipes.countdown.experiment.analysis.contrast import HEADLINE, Estimate, contrast
from recipes.countdown.experiment.analysis.engines import MARGINS, Agreement
from recipes.countdown.experiment.settings import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Arm = Mapping[Cell, Any]
"""The runs of an arm: `ledger.Result`, or another experiment's own."""
Arms = Mapping[str, Arm]

INK, FAINT, UNDECIDED = "#2b2d33", "#d9dce1", "#9aa1ad"
COLOURS = {
    "darling": "#2f6fde",
    "grpo": "#c0392b",
    "grpo_std": "#e08a1e",
    "ngram": "#2a9d6f",
    "learned": "#7aa7f0",
    "flipped": "#8a5cd1",
    "correct_only": "#d1478c",
    "additive": "#9a9a2b",
    "shipped": "#17808f",
    "soft_darling": "#8a5cd1",
}
OTHERS = ("#2f6fde", "#c0392b", "#2a9d6f", "#e08a1e", "#8a5cd1", "#17808f")
ENGINE_LINES: Mapping[str, Literal["--", "-"]] = {"loop": "--", "verl": "-"}
CURVES = ("pass@1", "pass@16", "classes@16", "pass@64", "entropy", "gap")


def curves(path: Path, arms: Arms, metrics: Sequence[str] = CURVES) -> None:
    """Six metrics over training: the mean over cells, and the standard error of that mean as a band."""
    figure = _figure(10.5, 5.6)
    for axes, metric in zip(figure.subplots(2, 3).flat, metrics, strict=True):
        for name, arm in arms.items():
            steps, means, errors = series(arm, metric)
            axes.plot(steps, means, color=_colour(name), label=name, linewidth=_width(name))
            axes.fill_between(steps, means - errors, means + errors, color=_colour(name), alpha=0.15, linewidth=0)
        axes.set_xlabel("step", color=INK)
        _dress(axes, metric)
    _legend(figure, len(arms))
    _save(figure, path)


def plane(path: Path, arms: Arms, diversity: str = "classes@16") -> None:
    """Quality against diversity: each method's way through training, its end a large dot, each of its runs' a small."""
    figure = _figure(6.4, 4.8)
    axes = figure.subplots()
    for name, arm in arms.items():
        x, y = (series(arm, metric)[1] for metric in ("pass@1", diversity))
        axes.plot(x, y, color=_colour(name), marker=".", markersize=4, linewidth=_width(name), label=name)
        ends = np.array([[run.mean("pass@1"), run.mean(diversity)] for run in arm.values()])
        axes.scatter(ends[:, 0], ends[:, 1], color=_colour(name), s=9, alpha=0.4, linewidths=0)
        axes.scatter(x[-1:], y[-1:], color=_colour(name), s=70, zorder=3, edgecolors="white")
    _named(axes, ("pass@1", diversity), "Quality and diversity, from the warm start to the last step")
    _save(figure, path)


def crowded_plane(path: Path, arms: Arms, diversity: str = "classes@16") -> None:
    """`plane` for many methods: where each begins and ends, with 95 % intervals, its name in a column at the right."""
    figure = _figure(9.0, 1.6 + 0.24 * len(arms))
    axes = figure.subplots()
    ends = list[tuple[str, Estimate, Estimate]]()
    for name in arms:
        x, y = (contrast({name: 1.0}, arms, metric) for metric in ("pass@1", diversity))
        if x is not None and y is not None:
            ends.append((name, x, y))
    for place, (name, x, y) in enumerate(sorted(ends, key=lambda end: end[2].mean)):
        _cross(axes, x, y, _colour(name))
        leader = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4}
        beside = 1.03, (place + 0.5) / len(ends)
        axes.annotate(name, (x.mean, y.mean), beside, textcoords="axes fraction", fontsize=8, color=_colour(name),
                      va="center", annotation_clip=False, arrowprops=leader)  # fmt: skip
    runs = [result for arm in arms.values() for result in arm.values()]
    begins = np.array(sorted({(result.mean("pass@1", 0), result.mean(diversity, 0)) for result in runs}))
    axes.scatter(begins[:, 0], begins[:, 1], facecolors="none", edgecolors=INK, s=40, label="warm start")
    _named(axes, ("pass@1", diversity), "Quality and diversity at the last step, mean and 95 % interval")
    _save(figure, path)


def levels(path: Path, rows: Mapping[str, Mapping[str, Estimate]], reference: Mapping[str, float], title: str) -> None:
    """One row for each method, a panel for each column: means with 95 % intervals, and `reference` as a line across."""
    figure = _figure(9.6, 1.2 + 0.26 * len(rows))
    panels, colours = figure.subplots(1, len(reference), sharey=True, squeeze=False)[0], {n: _colour(n) for n in rows}
    for axes, (panel, level) in zip(panels, reference.items(), strict=True):
        _rows(axes, panel, {name: row[panel] for name, row in rows.items()}, colours, level)
        axes.margins(x=0.15)
        axes.locator_params(axis="x", nbins=4)
    figure.suptitle(title, fontsize=11, color=INK)
    _save(figure, path)


def lines(path: Path, points: Mapping[str, Sequence[tuple[float, float]]], names: tuple[str, str], title: str) -> None:
    """A line for each name through its points (x, y); `names`: of the axes."""
    figure = _figure(6.4, 4.8)
    axes = figure.subplots()
    for name, own in points.items():
        x, y = zip(*own, strict=True)
        axes.plot(x, y, color=_colour(name), marker="o", markersize=4, linewidth=_width(name), label=name)
    _named(axes, names, title)
    _save(figure, path)


def differences(path: Path, rows: Mapping[str, Mapping[str, Estimate]], title: str) -> None:
    """One row for each difference, a panel for each metric: means with 95 % intervals, faint where those hold zero."""
    figure = _figure(9.6, 1.2 + 0.34 * len(rows))
    metrics = list(next(iter(rows.values())))
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        _rows(axes, metric, {name: row[metric] for name, row in rows.items()})
        axes.margins(x=0.15)
        axes.locator_params(axis="x", nbins=4)
    figure.suptitle(title, fontsize=11, color=INK)
    _save(figure, path)


def by_noise(path: Path, lines: Mapping[str, Mapping[float, Arm]], reference: Mapping[str, Arm]) -> None:
    """What wrong verdicts cost: a line for each kind of error and way to partition, over its rate.

    Args:
        lines: lines[name][rate] = the runs.
        reference: drawn as a level across, such as GRPO's.
    """
    figure = _figure(9.6, 3.2)
    for axes, metric in zip(figure.subplots(1, len(HEADLINE)), HEADLINE, strict=True):
        for number, (name, points) in enumerate(lines.items()):
            estimates = {rate: contrast({"arm": 1.0}, {"arm": arm}, metric) for rate, arm in sorted(points.items())}
            known = {rate: estimate for rate, estimate in estimates.items() if estimate is not None}
            axes.plot(list(known), [e.mean for e in known.values()], marker="o", markersize=4, label=name,
                      color=OTHERS[number % len(OTHERS)],
                      linestyle="--" if "representatives" in name else "-")  # fmt: skip
        for name, arm in reference.items():
            level = contrast({"arm": 1.0}, {"arm": arm}, metric)
            if level is not None:
                axes.axhline(level.mean, color=INK, linestyle=":", linewidth=1, label=name)
        axes.set_xlabel("share of wrong verdicts", color=INK)
        _dress(axes, metric)
    _legend(figure, 3)
    _save(figure, path)


def engines(path: Path, loop: Arms, verl: Arms, agreements: Sequence[Agreement]) -> None:
    """Above, methods by the loop and by verl, step by step; below, verl less the loop, and what counts as equal.

    Above are only the methods with the most cells: more lines than theirs can't be told apart.
    """
    from matplotlib.lines import Line2D

    methods, metrics = list(dict.fromkeys(one.method for one in agreements)), list(MARGINS)
    most = max(len(verl[name]) for name in methods)
    drawn = [name for name in methods if len(verl[name]) == most]
    heights = (2.6, 0.8 + 0.26 * len(methods))
    figure = _figure(9.6, sum(heights) + 1.2)
    above, below = figure.subplots(2, len(metrics), height_ratios=heights)
    for axes, metric in zip(above, metrics, strict=True):
        _step_by_step(axes, metric, {name: (loop[name], verl[name]) for name in drawn})
    for axes, metric in zip(below, metrics, strict=True):
        _equality(axes, MARGINS[metric], [one for one in agreements if one.metric == metric])
    for axes in below[1:]:
        axes.set_yticklabels([])
    handles = [Line2D([], [], color=_colour(name), linewidth=2, label=name) for name in drawn]
    handles += [Line2D([], [], color=INK, linestyle=line, label=engine) for engine, line in ENGINE_LINES.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, fontsize=8)
    _save(figure, path)


def _step_by_step(axes: Axes, metric: str, methods: Mapping[str, tuple[Arm, Arm]]) -> None:
    """methods[name] = (loop, verl): means over the cells that both have, up to verl's last step."""
    for name, both in methods.items():
        cells = set(both[0]) & set(both[1])
        last = max(result.run.steps for result in both[1].values())
        for arm, line in zip(both, ENGINE_LINES.values(), strict=True):
            steps, means, _ = series({cell: arm[cell] for cell in cells}, metric, last)
            axes.plot(steps, means, line, color=_colour(name), marker=".", linewidth=1.6)
    axes.set_xlabel("step", color=INK)
    _dress(axes, metric)


def _equality(axes: Axes, margin: float, agreements: Sequence[Agreement]) -> None:
    """A row for each method, and the margin within which its whole interval must lie."""
    axes.axvspan(-margin, margin, color=FAINT, alpha=0.5, linewidth=0)
    rows = {one.method: one.difference for one in agreements}
    _rows(axes, "", rows, {name: _colour(name) for name in rows})
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel("verl − loop, 90 % interval; shaded: equal", color=INK, fontsize=8)


def series(arm: Arm, metric: str, last: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(steps, means over cells, their standard errors) at the steps that all runs of an arm were measured at."""
    steps = sorted(set.intersection(*({e.step for e in result.evaluations} for result in arm.values())))
    steps = [step for step in steps if last is None or step <= last]
    found = np.array([[result.values(metric, step).mean() for step in steps] for result in arm.values()])
    errors = found.std(axis=0, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.zeros(len(steps))
    return np.array(steps), found.mean(axis=0), errors


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A Figure of its own, not pyplot: no global state, no display.
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Software": None})


def _rows(
    axes: Axes,
    title: str,
    estimates: Mapping[str, Estimate],
    colours: Mapping[str, str] | None = None,
    level: float = 0.0,
) -> None:
    """One row for each estimate, around a level; without colors, blue or faint by whether its interval holds zero."""
    axes.axvline(level, color=INK, linewidth=0.8)
    for row, (name, estimate) in enumerate(estimates.items()):
        _interval(axes, row, estimate, colours[name] if colours else None)
    axes.set_yticks(range(len(estimates)), list(estimates))
    axes.set_ylim(len(estimates) - 0.4, -0.6)  # the first row at the top
    _dress(axes, title, grid="x")


def _cross(axes: Axes, x: Estimate, y: Estimate, colour: str) -> None:
    """A dot with its intervals to the sides, and up and down."""
    if x.low is not None and x.high is not None and y.low is not None and y.high is not None:
        axes.plot([x.low, x.high], [y.mean, y.mean], color=colour, linewidth=0.8, alpha=0.5)
        axes.plot([x.mean, x.mean], [y.low, y.high], color=colour, linewidth=0.8, alpha=0.5)
    axes.scatter([x.mean], [y.mean], color=colour, s=60, zorder=3, edgecolors="white")


def _interval(axes: Axes, row: int, estimate: Estimate, colour: str | None = None) -> None:
    """In the given color, or: faint where the interval holds zero."""
    decided = estimate.low is not None and estimate.high is not None and (estimate.low > 0 or estimate.high < 0)
    colour = colour or (COLOURS["darling"] if decided else UNDECIDED)
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=2)
    axes.plot([estimate.mean], [row], "o", color=colour, markersize=6)


def _legend(figure: Figure, columns: int) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(1, min(columns, 8)), frameon=False, fontsize=8)


def _named(axes: Axes, names: tuple[str, str], title: str) -> None:
    """Names both axes, and has a legend inside."""
    axes.set_xlabel(names[0], color=INK)
    axes.set_ylabel(names[1], color=INK)
    _dress(axes, title)
    axes.legend(frameon=False, fontsize=8)


def _dress(axes: Axes, title: str, grid: Literal["x", "y"] = "y") -> None:
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(axis=grid, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def _colour(name: str) -> str:
    return COLOURS.get(name, "#6b7280")


def _width(name: str) -> float:
    return 2.2 if name in ("darling", "grpo") else 1.2
