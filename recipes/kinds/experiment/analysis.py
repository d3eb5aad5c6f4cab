"""Everything that the ledger can tell, into one folder: results.md, results.json, groups.md and the pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markdown import Markdown

from darling_plugin.errors import InputError
from recipes.countdown.evaluate import standard_error
from recipes.countdown.experiment.analysis import pictures, tables
from recipes.countdown.experiment.analysis.contrast import Estimate
from recipes.countdown.experiment.settings import Cell
from recipes.kinds.experiment.estimates import change, estimate
from recipes.kinds.experiment.plan import TUNED, chosen_rate, plan, tried
from recipes.kinds.experiment.results import ALL_METRICS, Result, values_of

Arm = Mapping[Cell, Result]
Arms = Mapping[str, Arm]
PUBLISHED = ("pass@1", "pass@16", "kinds@16", "kinds_per_wording")
PER_CATEGORY = PUBLISHED[:3]
IN_TRAINING = ("quality/mean", "classes/mean", "entropy")
CURVES = ("pass@1", "pass@16", "kinds@16", "wordings@16", "kinds_per_wording", "entropy")
PAIRS = (
    ("learned", "ngram"),
    ("darling", "ngram"),
    ("darling", "grpo"),
    ("learned", "grpo"),
    ("learned", "darling"),
    ("shipped", "darling"),
    ("soft_darling", "learned"),
    ("ngram", "grpo"),
)
"""The differences that the hypotheses are about, and those that explain them."""


def write_all(results: Mapping[str, Result], folder: Path, console: Console) -> None:
    """Write everything and print the tables.

    Raises:
        InputError: no run of the main comparison is finished.
    """
    arms = main_arms(results)
    if not arms:
        raise InputError("no run of main/* is finished; `status` shows which runs are")
    folder.mkdir(parents=True, exist_ok=True)
    pictures.plane(folder / "plane.png", arms, "kinds@16")
    pictures.curves(folder / "curves.png", arms, CURVES)
    text = page(results, arms, swept(folder / "temperature.png", arms))
    (folder / "results.md").write_text(text)
    (folder / "results.json").write_text(json.dumps(numbers(arms), indent=1) + "\n")
    (folder / "groups.md").write_text(groups(arms))
    console.print(Markdown(text))


def main_arms(results: Mapping[str, Result], grid: str = "main") -> dict[str, dict[Cell, Result]]:
    """The finished runs of the main comparison, or of another grid, by method and cell."""
    arms = {}
    for arm in plan(results):
        done = {run.cell: results[run.id] for run in arm.runs if run.id in results}
        if arm.grid == grid and done:
            arms[arm.name] = done
    return arms


def numbers(arms: Arms) -> dict[str, dict[str, dict[str, Any]]]:
    """numbers[method][metric] = {"mean", "low", "high", "cells"}: at the last step, 95 % intervals."""
    return {name: {metric: _short(_level(arms, name, metric)) for metric in PUBLISHED} for name in arms}


def page(results: Mapping[str, Result], arms: Arms, has_sweep: bool) -> str:
    """results.md."""
    count = {name: len(arm) for name, arm in arms.items()}
    parts = [
        "# Results\n",
        "Written by `python -m recipes.kinds analyse`. At the last step, on test categories; 95 % intervals over seeds "
        f"and categories. Runs finished: {', '.join(f'{name} {n}' for name, n in count.items())}.\n",
        tables.arms_table(arms, ALL_METRICS, estimate),
        "![quality and diversity](plane.png)\n",
        "![over training](curves.png)\n",
        "## Differences\n",
        differences(arms),
        "## Over training\n",
        "From step 0 to the last:\n",
        changes(arms),
        over_training(arms),
        "## In training\n",
        "First and last ten steps, on training categories; classes are exact ones in a group of eight.\n",
        in_training(arms),
        "## Learning rates\n",
        rates(results),
    ]
    if both := agreement(results):
        parts += ["## The loop and verl\n", both]
    if by_trl := main_arms(results, "trl"):
        parts += ["## Through TRL, all layers\n", tables.arms_table(by_trl, ALL_METRICS, estimate)]
    if has_sweep:
        parts += ["## Temperature\n", temperature_table(arms), "![temperature](temperature.png)\n"]
    return "\n".join(parts)


def differences(arms: Arms) -> str:
    rows = []
    for arm, other in PAIRS:
        found = [(metric, estimate({arm: 1.0, other: -1.0}, arms, metric)) for metric in PUBLISHED]
        if arm in arms and other in arms and found[0][1] is not None:
            cells = str(found[0][1].cells)
            rows.append([f"{arm} − {other}", *(tables.number(one, m, sign=True) for m, one in found), cells])
    return tables.table(["", *PUBLISHED, "cells"], rows)


def changes(arms: Arms) -> str:
    """What training changed, method by method."""
    rows = [[name, *(tables.number(change(arms, name, m), m, sign=True) for m in PUBLISHED)] for name in arms]
    return tables.table(["", *PUBLISHED], rows)


def in_training(arms: Arms) -> str:
    """Quality, exact classes and entropy of the rollouts: means over the runs of the first and the last ten steps."""
    rows = []
    for name, arm in arms.items():
        cells = []
        for metric in IN_TRAINING:
            steps = np.array([[row[metric] for row in result.training] for result in arm.values()])
            cells += [f"{steps[:, :10].mean():.3f} → {steps[:, -10:].mean():.3f}"] if steps.size else [""]
        rows.append([name, *cells])
    return tables.table(["method", "quality", "classes", "entropy"], rows)


def over_training(arms: Arms) -> str:
    """Each method's means at each step of evaluation."""
    rows = []
    for name, arm in arms.items():
        steps = pictures.series(arm, "pass@1")[0]
        for place, step in enumerate(steps):
            means = [pictures.series(arm, metric)[1][place] for metric in CURVES]
            rows.append([name, str(step), *(f"{mean:.3f}" for mean in means)])
    return tables.table(["method", "step", *CURVES], rows)


def rates(results: Mapping[str, Result]) -> str:
    rows = [
        [method, f"{one.rate:g}", f"{one.pass_at_1:.3f}", f"{one.classes_at_16:.2f}",
         "taken" if one.rate == chosen_rate(method, results) else ""]
        for method in TUNED
        for one in tried(method, results)
    ]  # fmt: skip
    return tables.table(["method", "rate", "pass@1 (validation)", "kinds@16 (validation)", ""], rows)


def agreement(results: Mapping[str, Result]) -> str:
    """How the policies of the loop and of verl differ after the same number of steps; empty where one is missing."""
    rows = []
    for arm in (each for each in plan(results) if each.grid == "agreement"):
        if all(run.id in results for run in arm.runs):
            for metric in PER_CATEGORY:
                loop, verl = (results[run.id].values(metric) for run in arm.runs)
                differs = verl - loop
                error = standard_error(differs.tolist())
                rows.append([arm.name, metric, *(f"{own.mean():.3f}" for own in (loop, verl)),
                             f"{differs.mean():+.3f} ± {error:.3f}"])  # fmt: skip
    return tables.table(["method", "metric", "loop", "verl", "verl − loop, ± standard error"], rows) if rows else ""


def swept(path: Path, arms: Arms) -> bool:
    """Draw pass@1 against kinds@16 of the final policies at each temperature; whether any run was measured so."""
    lines = {name: sweep_of(arm) for name, arm in arms.items()}
    if not any(len(line) > 1 for line in lines.values()):
        return False
    pictures.lines(
        path,
        {name: [(quality, kinds) for _, quality, kinds in line] for name, line in lines.items()},
        ("pass@1", "kinds@16"),
        "The final policies at temperatures 0.5 (right end) to 1.5",
    )
    return True


def sweep_of(arm: Arm) -> list[tuple[float, float, float]]:
    """(temperature, pass@1, kinds@16), means over the runs, from the lowest temperature on; 1 is each run's own."""
    found: dict[float, list[tuple[float, float]]] = {}
    for result in arm.values():
        for temperature, measured in {1.0: result.last.held_out, **result.last.temperatures}.items():
            means = tuple(float(values_of(measured, metric).mean()) for metric in ("pass@1", "kinds@16"))
            found.setdefault(temperature, []).append((means[0], means[1]))
    return [(t, *(float(each) for each in np.mean(own, axis=0))) for t, own in sorted(found.items())]  # type: ignore[misc]


def temperature_table(arms: Arms) -> str:
    rows = [
        [name, f"{temperature:g}", f"{quality:.3f}", f"{kinds:.2f}"]
        for name, arm in arms.items()
        for temperature, quality, kinds in sweep_of(arm)
    ]
    return tables.table(["method", "temperature", "pass@1", "kinds@16"], rows)


def groups(arms: Arms) -> str:
    """groups.md: ten whole groups of each method's final policy, of its first seed; the seed chose the categories."""
    parts = [
        "# Ten groups of each method\n",
        "The first seed's final policy; the seed chose the categories. ✓: right.\n",
    ]
    for name, arm in arms.items():
        parts.append(f"## {name}\n")
        for group in arm[min(arm)].last.groups:
            parts.append(f"**{group['category']}** (different right kinds: {group['kinds']})\n")
            marked = [f"- {'✓ ' if one['kind'] else ''}{_quoted(one['text'])}" for one in group["responses"]]
            parts.append("\n".join(marked) + "\n")
    return "\n".join(parts)


def _quoted(text: str) -> str:
    """As code: what a model wrote is data, never markup."""
    plain = " ".join(text.split()).replace("`", "'")
    return f"`{plain}`" if plain else "(empty)"


def _level(arms: Arms, name: str, metric: str) -> Estimate:
    found = estimate({name: 1.0}, arms, metric)
    assert found is not None, name
    return found


def _short(estimate: Estimate) -> dict[str, Any]:
    return {"mean": estimate.mean, "low": estimate.low, "high": estimate.high, "cells": estimate.cells}
