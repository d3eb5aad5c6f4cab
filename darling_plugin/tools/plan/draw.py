"""The figure of docs/service_plan.md: what each system adds to a step, by the size of the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from darling_plugin.tools.plan.study import CLUSTERS, SHAPES, Shape, Study, systems

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#2b2d33", "#d9dce1"
LOOKS = {
    "a": ("#d1495b", "o", "(a) all pairs afterwards, 8 GPUs"),
    "b": ("#e08a1e", "s", "(b) 4B, exact and streamed, 8 GPUs"),
    "c": ("#8a5cd1", "D", "(c) cascade 22M → 4B, 8 GPUs"),
    "d, 150M": ("#2a9d6f", "^", "(d) 150M encoder, 1 GPU"),
    "d, 22M": ("#2f6fde", "v", "(d) 22M encoder, 8 CPU cores"),
}
LEAST = 0.001
"""Overheads below this are drawn here: a logarithmic axis has no zero."""


def draw(path: Path, study: Study) -> None:
    """Write the figure as PNG: a panel for each job, a line for each system, a band over the compositions."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A Figure of its own, not pyplot: no global state, no display, safe in a thread.
    figure = Figure(figsize=(10.4, 4.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(SHAPES), sharey=True)
    for axes, shape in zip(panels, SHAPES, strict=True):
        _panel(axes, shape, study)
    panels[0].set_ylabel("the trainer's wait, as a share of the step", color=INK)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path)


def _panel(axes: Axes, shape: Shape, study: Study) -> None:
    for shift, system in enumerate(systems()):
        color, marker, label = LOOKS[system.letter]
        cells = [cell for cell in study.cells if cell.shape is shape and cell.system.letter == system.letter]
        # Where nothing waits the lines lie on each other: each a little higher than the one before.
        least = LEAST * 1.25**shift
        overheads = [
            [max(least, cell.row.measures["overhead"].median) for cell in cells if cell.gpus == gpus]
            for gpus in CLUSTERS
        ]
        places = range(len(CLUSTERS))
        axes.fill_between(places, [min(o) for o in overheads], [max(o) for o in overheads], color=color, alpha=0.15)
        axes.plot(places, [max(o) for o in overheads], color=color, marker=marker, markersize=5, label=label)
    axes.axhline(0.01, color=INK, linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.set_yticks([0.001, 0.01, 0.1, 1, 10, 100], ["≤ 0.1 %", "1 %", "10 %", "100 %", "10 ×", "100 ×"])
    axes.set_xticks(range(len(CLUSTERS)), [f"{gpus} GPUs" for gpus in CLUSTERS])
    axes.margins(x=0.08)
    axes.set_title(f"{shape.job.prompts} prompts × {shape.job.responses} responses", loc="left", color=INK, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
