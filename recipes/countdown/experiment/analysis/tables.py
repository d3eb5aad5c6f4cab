"""Markdown tables of the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recipes.countdown.experiment.analysis.contrast import ALL_METRICS, Estimate, contrast, difference
from recipes.countdown.experiment.analysis.engines import Agreement
from recipes.countdown.experiment.analysis.hypotheses import Outcome
from recipes.countdown.experiment.settings import Cell

Arms = Mapping[str, Mapping[Cell, Any]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def arms_table(arms: Arms, metrics: Sequence[str] = ALL_METRICS, estimate: Callable[..., Any] = contrast) -> str:
    """One row for each arm that has a run: means at the last step, with 95 % intervals over cells and prompts.

    Args:
        estimate: (weights, arms, metric) → Estimate, where a recipe has metrics that `contrast` does not know.
    """
    rows = []
    for name, arm in arms.items():
        if not arm:
            continue
        rates = sorted({result.run.learning_rate for result in arm.values()})
        estimates = [estimate({name: 1.0}, arms, metric) for metric in metrics]
        cells = [number(estimate, metric) for estimate, metric in zip(estimates, metrics, strict=True)]
        rows.append([name, " ".join(f"{rate:g}" for rate in rates), str(len(arm)), *cells])
    return table(["method", "lr", "runs", *metrics], rows)


def outcomes_table(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for outcome in outcomes:
        h, e = outcome.hypothesis, outcome.estimate
        p = "" if outcome.p is None else f"{outcome.p:.3f}"
        rows.append([h.name, h.claim, number(e, h.metric, sign=True), str(e.cells), p, outcome.words])
    return table(["", "claim", "difference", "cells", "p (Holm)", "outcome"], rows)


def agreements_table(agreements: Sequence[Agreement]) -> str:
    rows = [
        [a.method, a.metric, f"{a.loop:.3f}", f"{a.verl:.3f}", number(a.difference, a.metric, sign=True),
         str(a.difference.cells), "yes" if a.agrees else "not shown"]
        for a in agreements
    ]  # fmt: skip
    return table(["method", "metric", "loop", "verl", "verl − loop (90 %)", "cells", "agrees"], rows)


def differences_table(arms: Arms, base: str) -> str:
    """Each arm less `base`, over the cells that both have."""
    rows = {name: difference(arms, name, base) for name in arms if name != base}
    return estimates_table(f"less {base}", {name: row for name, row in rows.items() if row})


def estimates_table(head: str, rows: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Differences that are known already: rows[name][metric]."""
    metrics = list(next(iter(rows.values()), {}))
    lines = [
        [name, *(number(row[metric], metric, sign=True) for metric in metrics), str(row[metrics[0]].cells)]
        for name, row in rows.items()
    ]
    return table([head, *metrics, "cells"], lines)


def number(estimate: Estimate | None, metric: str, sign: bool = False) -> str:
    """`.412 (.398–.425)`, or with signs for a difference: `+.031 (+.020 to +.042)`. Two digits for classes@16."""
    if estimate is None:
        return ""
    digits = 2 if metric.startswith(("classes@", "kinds@")) else 3
    form = f"{{:{'+' if sign else ''}.{digits}f}}"
    mean = form.format(estimate.mean)
    if estimate.low is None or estimate.high is None:
        return mean
    between = " to " if sign else "–"
    return f"{mean} ({form.format(estimate.low)}{between}{form.format(estimate.high)})"
