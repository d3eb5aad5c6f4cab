"""The picture of a training: loss, and ROC AUC on the validation pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from darling_plugin.similarity.packaged import require


def draw_curves(history: Sequence[dict[str, Any]], path: Path, *, title: str) -> None:
    """PNG of a trainer's log: rows with `step` and `loss`, rows with `step` and `eval_auc`."""
    require("matplotlib")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for axes, name, label in ((left, "loss", "loss (training)"), (right, "eval_auc", "ROC AUC (validation)")):
        points = [(row["step"], row[name]) for row in history if name in row]
        axes.plot(*zip(*points, strict=True), marker=".", color="#3b6fb6") if points else None
        axes.set(xlabel="step", ylabel=label)
        axes.grid(alpha=0.3)
        if not points:
            axes.text(0.5, 0.5, "no validation pairs", ha="center", transform=axes.transAxes)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
