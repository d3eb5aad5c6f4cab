"""The figure of an evaluation: ROC curves of the classifier and the baselines, and the point of its threshold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from darling_plugin.errors import InputError
from darling_plugin.tools.classifier.baselines import NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from darling_plugin.tools.classifier.results import Evaluation

INK, FAINT, BOLD = "#2b2d33", "#d9dce1", "#2f6fde"
COLOURS = ("#2a9d6f", "#8a5cd1", "#e08a1e", "#d1495b", "#8d96a5")
NAME_LENGTH = 32


def draw(path: Path, evaluation: Evaluation, title: str = "") -> None:
    """Write the figure as PNG; the legend has the AUCs, best baseline first.

    x is the share of the distinct pairs, y that of the equivalent pairs, that score above a threshold, for each
    threshold. Raises `InputError` where all pairs are of one kind: there is no curve.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if evaluation.metrics.auc is None:
        raise InputError(f"a ROC curve needs equivalent and distinct pairs; {' '.join(evaluation.notes)}")
    # A Figure of its own, not pyplot: no global state, no display, safe in a thread.
    figure = Figure(figsize=(6.6, 6.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _curves(axes, evaluation)
    _point(axes, evaluation)
    _dress(axes, title or f"{evaluation.metrics.n:,} pairs of {evaluation.metrics.prompts:,} prompts")
    figure.savefig(path)


def _curves(axes: Axes, evaluation: Evaluation) -> None:
    from sklearn.metrics import roc_curve

    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=1)
    found = evaluation.metrics
    width = "" if found.auc_low is None else f" [{found.auc_low:.3f}, {found.auc_high:.3f}]"
    wrong, right, _ = roc_curve(evaluation.labels, evaluation.probabilities)
    axes.plot(
        wrong, right, color=BOLD, linewidth=2.6, zorder=4, label=f"{found.auc:.3f}{width}  {_name(evaluation.model)}"
    )
    ranked = sorted(evaluation.baselines.items(), key=lambda item: -(item[1].ranking.auc or 0))
    for place, (name, other) in enumerate(ranked):
        wrong, right, _ = roc_curve(evaluation.labels, other.scores)
        colour, label = COLOURS[place % len(COLOURS)], f"{other.ranking.auc:.3f}  {NAMES.get(name, name)}"
        axes.plot(wrong, right, color=colour, linewidth=1.2, alpha=0.85, zorder=3, label=label)


def _point(axes: Axes, evaluation: Evaluation) -> None:
    """Where the verdicts are. Off the curve in a cross-validation, where each fold has its own threshold."""
    where = "the folds' thresholds" if evaluation.threshold is None else f"threshold {evaluation.threshold:.3f}"
    found = evaluation.metrics
    axes.plot(
        [found.false_merges or 0.0],
        [found.recall or 0.0],
        "o",
        color=BOLD,
        markeredgecolor="white",
        markersize=9,
        zorder=5,
        label=f"{where}: accuracy {found.accuracy:.3f}",
    )


def _name(model: str) -> str:
    """The end of a long name; a dollar would start a formula."""
    short = model if len(model) <= NAME_LENGTH else f"…{model[1 - NAME_LENGTH :]}"
    return short.replace("$", r"\$")


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=12, fontweight="bold", color=INK, loc="left")
    axes.set_xlabel("distinct pairs called equivalent", color=INK)
    axes.set_ylabel("equivalent pairs found", color=INK)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", title="ROC AUC", fontsize=9, labelcolor=INK, framealpha=0.95, edgecolor=FAINT)
