"""Everything that the ledger can tell, into one folder: results.md, results.json and the pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from darling_plugin.errors import InputError
from recipes.countdown.experiment import tuning
from recipes.countdown.experiment.analysis import engines, pictures, tables
from recipes.countdown.experiment.analysis.ablations import (
    FROM_MAIN,
    QUESTIONS,
    WRONG_JUDGE,
    by_rate,
    differences,
)
from recipes.countdown.experiment.analysis.contrast import ALL_METRICS, Estimate, contrast
from recipes.countdown.experiment.analysis.equal_quality import at_equal_quality
from recipes.countdown.experiment.analysis.hypotheses import outcomes
from recipes.countdown.experiment.ledger import Ledger, Result
from recipes.countdown.experiment.plan import PUBLISHED, SHORT_STEPS, Arm, plan
from recipes.countdown.experiment.settings import Cell

Runs = dict[Cell, Result]


class Page:
    """Markdown that grows, and the numbers behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers: dict[str, Any] = {}
        self._parts: list[str] = []

    def add(self, *parts: str) -> None:
        self._parts += parts

    def picture(self, name: str, alt: str) -> Path:
        """Put the picture `name` on the page; returns where to draw it."""
        self.add(f"![{alt}]({name})\n")
        return self.folder / name

    @property
    def text(self) -> str:
        return "\n".join(self._parts)

    def write(self) -> None:
        (self.folder / "results.md").write_text(self.text)
        (self.folder / "results.json").write_text(json.dumps(self.numbers, indent=1) + "\n")


def write_all(ledger: Ledger, folder: Path, console: Console, only: Sequence[str] = ()) -> None:
    """Write and print the page; raises `InputError` when no run of what is asked for is finished.

    only: names of grids; all of them without.
    """
    results = ledger.results()
    grids = {grid: _finished(plan(results), grid, results) for grid in only or PUBLISHED}
    if not any(grids.values()):
        raise InputError(f"{ledger.folder} holds no finished run of {', '.join(grids)}; do some with `run` first")
    folder.mkdir(parents=True, exist_ok=True)
    page = Page(folder)
    page.add("# Results of the experiment\n", "Written by `python -m recipes.countdown.experiment analyse` from "
             "the ledger; [the plan](../experiment.md) came first.\n")  # fmt: skip
    page.numbers["runs"] = {grid: sum(map(len, arms.values())) for grid, arms in grids.items()}
    if grids.get("main"):
        _main(page, grids["main"])
    if grids.get("verl"):
        _engines(page, grids.get("short", {}), grids["verl"])
    if grids.get("ablations"):
        _ablations(page, grids.get("main", {}), grids["ablations"])
    if grids.get("tuning"):
        _tuning(page, results)
    if grids.get("quick"):
        _arms(page, "One seed through verl", "quick", grids["quick"])
    page.write()
    console.print(Markdown(page.text))
    console.print(f"written: {folder / 'results.md'}, results.json and the figures", highlight=False)


def _finished(arms: Sequence[Arm], grid: str, results: Mapping[str, Result]) -> dict[str, Runs]:
    """The arms of a grid that have finished runs."""
    found = {arm.name: {run.cell: results[run.id] for run in arm.runs if run.id in results}
             for arm in arms if arm.grid == grid}  # fmt: skip
    return {name: runs for name, runs in found.items() if runs}


def _arms(page: Page, title: str, key: str, arms: dict[str, Runs]) -> None:
    page.add(f"## {title}\n", "Means at the last step, with 95 % intervals over cells and prompts.\n")
    page.add(tables.arms_table(arms))
    page.numbers[key] = {
        name: {metric: found.as_json() for metric in ALL_METRICS if (found := contrast({name: 1.0}, arms, metric))}
        for name in arms
    }


def _main(page: Page, main: dict[str, Runs]) -> None:
    _arms(page, "The methods", "main", main)
    pictures.curves(page.picture("curves.png", "metrics over training, by method"), main)
    pictures.plane(page.picture("plane.png", "pass@1 against classes, by method"), main)
    found = outcomes(main)
    page.add("## The hypotheses\n", tables.outcomes_table(found))
    page.numbers["hypotheses"] = [outcome.as_json() for outcome in found]
    if "darling" in main:
        page.add("## Each method against DARLING\n", tables.differences_table(main, "darling"))
    rows = _equal_quality(page, {"at the tuned rates": main})
    if rows:
        pictures.differences(page.picture("equal_quality.png", "classes at equal pass@1"), rows, "at equal pass@1")


def _equal_quality(page: Page, groups: Mapping[str, Mapping[str, Runs]]) -> dict[str, dict[str, Estimate]]:
    """Write the table, and give its rows."""
    rows = {}
    for title, arms in groups.items():
        for other in ("ngram", "grpo"):
            found = at_equal_quality(arms.get("darling", {}), arms.get(other, {}))
            if found is not None:
                rows[f"darling less {other}, {title}"] = {"classes@16": found}
                page.numbers.setdefault("equal_quality", {})[f"{other}, {title}"] = found.as_json()
    if rows:
        page.add("### classes@16 at equal pass@1\n", tables.estimates_table("", rows))
    return rows


def _engines(page: Page, loop: dict[str, Runs], verl: dict[str, Runs]) -> None:
    _arms(page, "Through verl's trainer", "verl", verl)
    if "darling" in verl:
        page.add(tables.differences_table(verl, "darling"))
    found = engines.agreements(loop, verl)
    if found:
        page.add("### The loop and verl\n", tables.agreements_table(found))
        pictures.engines(page.picture("engines.png", "the loop and verl, step by step"), loop, verl, found)
        page.numbers["agreement"] = [one.as_json() for one in found]
        page.numbers["H12"] = engines.same_sign(loop, verl)


def _ablations(page: Page, main: dict[str, Runs], own: dict[str, Runs]) -> None:
    """All arms in one table, then each question with its differences and a picture of them."""
    cells = {cell for runs in own.values() for cell in runs}
    beside = {name: {cell: run for cell, run in main.get(name, {}).items() if cell in cells} for name in FROM_MAIN}
    arms = {name: runs for name, runs in beside.items() if runs} | own
    _arms(page, "Ablations", "ablations", arms)
    for question in QUESTIONS:
        rows = differences(arms, question)
        if not rows:
            continue
        page.add(f"### {question[0].upper()}{question[1:]}\n")
        if question == WRONG_JUDGE:
            level = {name: arms[name] for name in ("grpo",) if name in arms}
            pictures.by_noise(page.picture(_file(question), question), by_rate(arms), level)
        else:
            pictures.differences(page.picture(_file(question), question), rows, question)
        page.add(tables.estimates_table("", rows))
        page.numbers.setdefault("questions", {})[question] = {
            name: {metric: estimate.as_json() for metric, estimate in row.items()} for name, row in rows.items()
        }


def _file(question: str) -> str:
    return f"ablation_{re.sub('[^a-z0-9]+', '_', question.partition(' (')[0].lower()).strip('_')}.png"


def _tuning(page: Page, results: Mapping[str, Result]) -> None:
    rows: list[list[str]] = []
    numbers: dict[str, dict[str, dict[str, list[float]]]] = {}
    for method in tuning.TUNED:
        for step in (None, SHORT_STEPS):
            chosen = tuning.chosen_rate(method, results, step)
            for one in tuning.tried(method, results, step):
                rows.append([method, "last" if step is None else str(step), f"{one.rate:g}", f"{one.pass_at_1:.3f}",
                             f"{one.classes_at_16:.2f}", "taken" if one.rate == chosen else ""])  # fmt: skip
                own = numbers.setdefault(method, {}).setdefault(rows[-1][1], {})
                own[f"{one.rate:g}"] = [one.pass_at_1, one.classes_at_16]
    page.add("## Learning rates, on the validation prompts\n",
             tables.table(["method", "step", "lr", "pass@1", "classes@16", ""], rows))  # fmt: skip
    page.numbers["tuning"] = numbers
    by_rate = {
        f"both at {rate:g}": {
            method: {run.cell: results[run.id] for run in tuning.tuning_runs(method, rate) if run.id in results}
            for method in ("darling", "ngram", "grpo")
        }
        for rate in sorted({*tuning.RATES, *tuning.BEYOND}, reverse=True)
    }
    _equal_quality(page, by_rate)
