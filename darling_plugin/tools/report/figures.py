"""The page's plots as PNG, from the same document."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.errors import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT = "#1f242c", "#5d6675", "#e3e6eb"
# as --mark in page.css, and DASHES in charts.js
COLOURS = ("#2c5fd1", "#c8590a", "#15846a", "#8549c6", "#b83265", "#76770f", "#0f7f9e", "#7c8594")
PART_COLOURS = (*COLOURS[:6], COLOURS[7])
COLUMNS = 60  # steps that are drawn as columns; more are areas
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


def draw(folder: Path, page: Mapping[str, Any]) -> list[Path]:
    """Write those of curves, plane, pass_at_k and time that the document has numbers for; returns their paths."""
    if find_spec("matplotlib") is None:
        raise MissingDependencyError("--png needs matplotlib: pip install matplotlib")
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {"panels": _curves, "plane": _plane, "pass_at_k": _pass_at_k, "time": _time}
    written = []
    for part, drawing in drawings.items():
        if page[part]:
            path = folder / f"{'curves' if part == 'panels' else part}.png"
            drawing(page).savefig(path)
            written.append(path)
    return written


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # A Figure of its own, not pyplot: no global state, no display.
    figure = Figure(figsize=(width, height), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    FigureCanvasAgg(figure)
    return figure


def _curves(page: Mapping[str, Any]) -> Figure:
    panels = page["panels"]
    columns, rows = min(3, len(panels)), ceil(len(panels) / 3)
    figure = _figure(4 * columns, 2.8 * rows + 0.4)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        for line in panel["lines"]:
            steps, values = zip(*line["points"], strict=True)
            if line["smooth"]:
                axes.plot(steps, values, color=_colour(line["run"]), alpha=0.25, linewidth=0.8)
            axes.plot(steps, line["smooth"] or values, **_style(page, line["run"], len(steps)))
        _dress(axes, panel["title"], steps=True)
        low, high = panel["limits"]
        margin = (high - low) * 0.12 or max(abs(low) * 0.1, 0.05)
        axes.set_ylim(low - margin, high + margin)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    if len(page["runs"]) > 1:
        lines = {line.get_label(): line for axes in grid for line in axes.get_legend_handles_labels()[0]}
        figure.legend(handles=list(lines.values()), loc="outside upper center", ncols=4, frameon=False, labelcolor=INK)
    return figure


def _plane(page: Mapping[str, Any]) -> Figure:
    figure = _figure(7, 5.2)
    axes = figure.subplots()
    for line in page["plane"]:
        _, x, y = zip(*line["points"], strict=True)
        colour = _colour(line["run"])
        if line["smooth"]:
            axes.plot(x, y, ".", color=colour, alpha=0.25, markersize=4)
            x, y = zip(*line["smooth"], strict=True)
        axes.plot(x, y, **_style(page, line["run"], len(x)))
        axes.plot(x[0], y[0], "o", color="white", markeredgecolor=colour, markeredgewidth=1.6, markersize=8)
        axes.plot(x[-1], y[-1], "o", color=colour, markersize=8)
    _dress(axes, "Each run’s path over training: from the ring to the disc", legend=True)
    axes.set_xlabel("diversity", color=SOFT)
    axes.set_ylabel("quality", color=SOFT)
    return figure


def _pass_at_k(page: Mapping[str, Any]) -> Figure:
    figure = _figure(7, 4.6)
    axes = figure.subplots()
    drawn: dict[int, int] = {}
    for line in page["pass_at_k"]:
        run = line["run"]
        place = drawn[run] = drawn.get(run, -1) + 1
        ks, means, lows, highs = zip(*line["points"], strict=True)
        colour = _colour(run if len(page["runs"]) > 1 else place)
        label = _plain(f"{page['runs'][run]['name']}, {line['label']}")
        axes.plot(ks, means, "o", linestyle=DASHES[(place + 1) % 2], color=colour, markersize=4, label=label)
        if None not in lows and None not in highs:
            axes.fill_between(ks, lows, highs, color=colour, alpha=0.14, linewidth=0)
    axes.set_xscale("log", base=2)
    marks = sorted({point[0] for line in page["pass_at_k"] for point in line["points"]})
    axes.set_xticks(marks, [str(k) for k in marks])
    _dress(axes, "pass@k", legend=True)
    axes.set_xlabel("k", color=SOFT)
    return figure


def _time(page: Mapping[str, Any]) -> Figure:
    runs = page["time"]
    figure = _figure(7, 2.8 * len(runs))
    for axes, run in zip(figure.subplots(len(runs), 1, squeeze=False)[:, 0], runs, strict=True):
        steps = [step for step, _ in run["parts"][0]["points"]]
        seconds = [[value for _, value in part["points"]] for part in run["parts"]]
        labels = [_plain(f"{part['name'].replace('_', ' ')} {part['mean']:.3g} s") for part in run["parts"]]
        if len(steps) > COLUMNS:
            axes.stackplot(steps, *seconds, labels=labels, colors=PART_COLOURS)
        else:
            _columns(axes, steps, seconds, labels)
        _dress(axes, f"{page['runs'][run['run']]['name']}: seconds of each step", steps=True)
        axes.set_ylim(0, run["limit"] * 1.05 or 1)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False, labelcolor=INK)
    return figure


def _columns(axes: Axes, steps: list[float], seconds: list[list[float]], labels: list[str]) -> None:
    bottom = [0.0] * len(steps)
    for values, label, colour in zip(seconds, labels, PART_COLOURS, strict=False):
        axes.bar(steps, values, bottom=bottom, label=label, color=colour, width=0.8)
        bottom = [low + value for low, value in zip(bottom, values, strict=True)]


def _style(page: Mapping[str, Any], run: int, points: int) -> dict[str, Any]:
    return {
        "color": _colour(run),
        "linestyle": DASHES[run % len(DASHES)],
        "linewidth": 1.8,
        "marker": "o" if points <= 16 else None,
        "markersize": 3.5,
        "label": _plain(page["runs"][run]["name"]),
    }


def _colour(run: int) -> str:
    return COLOURS[run % len(COLOURS)]


def _plain(text: str) -> str:
    """A dollar would start a formula, a leading underscore hides a name from the legend."""
    return text.replace("$", r"\$").replace("_", " ").strip() or "run"


def _dress(axes: Axes, title: str, legend: bool = False, steps: bool = False) -> None:
    """The look of every plot. steps: x counts training steps, so that only whole numbers are marked."""
    from matplotlib.ticker import MaxNLocator

    axes.set_title(_plain(title), fontsize=11, color=INK, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=SOFT, labelsize=9)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    if steps:
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    if legend:
        axes.legend(fontsize=9, frameon=False, labelcolor=INK)
