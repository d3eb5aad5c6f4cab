"""The figure of a Countdown run: what training did step by step, and the policy before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from recipes.countdown.evaluate import Evaluation

INK, FAINT, BEFORE, AFTER = "#2b2d33", "#d9dce1", "#b8bec9", "#2f6fde"


class Curve(NamedTuple):
    """One panel: the first of `keys` that the run logged, under this title."""

    title: str
    keys: tuple[str, ...]
    colour: str


CURVES = (
    Curve("Quality: share of right responses", ("darling/quality/mean", "acc/mean"), "#2a9d6f"),
    Curve("Diversity: share of other classes", ("darling/diversity/mean",), "#8a5cd1"),
    Curve("Classes per group", ("darling/classes/mean",), "#e08a1e"),
    Curve("Reward: quality × diversity", ("darling/reward/mean", "critic/score/mean"), "#2f6fde"),
)


def series(metrics: Sequence[Mapping[str, float]], keys: Sequence[str]) -> tuple[list[float], list[float]]:
    """(steps, values) of the first key that any step holds; two empty lists when none does (GRPO has no darling/*)."""
    for key in keys:
        found = [(row["step"], row[key]) for row in metrics if key in row]
        if found:
            return [step for step, _ in found], [value for _, value in found]
    return [], []


def smooth(values: Sequence[float], weight: float = 0.9) -> list[float]:
    """Exponential average s_t = Σ_i w^(t−i) v_i / Σ_i w^(t−i): unbiased at the start, one value is itself."""
    total = norm = 0.0
    result = []
    for value in values:
        total, norm = weight * total + value, weight * norm + 1
        result.append(total / norm)
    return result


def draw(
    path: Path, before: Evaluation, after: Evaluation, metrics: Sequence[Mapping[str, float]], title: str = ""
) -> None:
    """Write the figure as PNG: a row of curves, as many as the run logged, over a row of before/after bars."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A Figure of its own, not pyplot: no global state, no display, safe in a thread.
    panels = [(curve, found) for curve in CURVES if (found := series(metrics, curve.keys))[0]]
    figure = Figure(figsize=(max(9.6, 3.6 * len(panels)), 6.6 if panels else 3.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    rows = list(figure.subfigures(2 if panels else 1, 1, squeeze=False, hspace=0.04)[:, 0])
    if panels:
        top = rows[0].subplots(1, len(panels), squeeze=False)[0]
        for axes, (curve, (steps, values)) in zip(top, panels, strict=True):
            _curve(axes, curve, steps, values)
    names = (("pass_at_1", "pass@1"), ("pass_at_k", f"pass@{after.k}"), ("distinct_correct", _distinct(after)))
    for axes, (name, label) in zip(rows[-1].subplots(1, 3), names, strict=True):
        _bars(axes, label, before, after, name)
    if title:
        figure.suptitle(title, fontsize=13, fontweight="bold", color=INK)
    figure.savefig(path)


def _distinct(evaluation: Evaluation) -> str:
    return f"Different right answers in {evaluation.k}"


def _curve(axes: Axes, curve: Curve, steps: Sequence[float], values: Sequence[float]) -> None:
    axes.plot(steps, values, color=curve.colour, alpha=0.25, linewidth=1)
    axes.plot(steps, smooth(values), color=curve.colour, linewidth=2.2)
    if len(steps) == 1:
        axes.plot(steps, values, "o", color=curve.colour)
    axes.set_xlabel("step", color=INK)
    _dress(axes, curve.title)


def _bars(axes: Axes, label: str, before: Evaluation, after: Evaluation, name: str) -> None:
    heights = [getattr(before, name), getattr(after, name)]
    errors = [before.standard_error.get(name, 0.0), after.standard_error.get(name, 0.0)]
    bars = axes.bar(["before", "after"], heights, yerr=errors, color=[BEFORE, AFTER], width=0.6, ecolor=INK, capsize=4)
    axes.bar_label(bars, [f"{height:.2f}" for height in heights], padding=4, color=INK, fontsize=11)
    axes.set_ylim(0, 1.2 * max(*(h + e for h, e in zip(heights, errors, strict=True)), 0.05))
    _dress(axes, label)


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11, color=INK, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
