"""The page of `docs/experiment_objectives.md`: a table for each question, its hypotheses, pass@1 by kind of prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from darling_plugin.errors import InputError
from recipes.countdown.experiment.analysis import engines, pictures, tables
from recipes.countdown.experiment.analysis.contrast import ALL_METRICS, contrast, difference
from recipes.countdown.experiment.analysis.equal_quality import at_equal_quality
from recipes.countdown.experiment.analysis.hypotheses import Hypothesis, outcomes
from recipes.countdown.experiment.analysis.write import Page
from recipes.countdown.experiment.field import EXPLORERS, SEARCHES, SHORT, field_arms
from recipes.countdown.experiment.ledger import Evaluation, Ledger, Result
from recipes.countdown.experiment.measure import Measured
from recipes.countdown.experiment.prompts import held_out, kind_of
from recipes.countdown.experiment.settings import Cell
from recipes.countdown.experiment.tuning import best

Runs = dict[Cell, Result]
CONTROLS = {"KL control": "grpo_kl_", "entropy control": "grpo_entropy_"}
KINDS = ("sums", "either", "times")


def _claim(
    name: str, claim: str, a: str, b: str, metric: str, direction: int, matters: float | None, beyond: float = 0
):
    return Hypothesis(name, claim, {a: 1.0, b: -1.0}, metric, direction, matters, beyond=beyond)


SAME = (
    _claim("S1a", "poly_epo: classes@16 above grpo's", "poly_epo", "grpo", "classes@16", 1, 0.15),
    _claim("S1b", "… pass@1 not lower by 0.02 or more", "poly_epo", "grpo", "pass@1", 1, None, -0.02),
    _claim("S2", "uniqueness: classes@16 above grpo_std's", "uniqueness", "grpo_std", "classes@16", 1, 0.15),
    _claim("S4", "outcome_batch: form above value", "outcome_batch", "outcome_batch_value", "classes@16", 1, 0.15),
    _claim("S5", "outcome_ucb: classes@16 equal grpo's", "outcome_ucb", "grpo", "classes@16", 0, 0.15),
    _claim("S6a", "pass_at_k: pass@16 above grpo's", "pass_at_k", "grpo", "pass@16", 1, 0.02),
    _claim("S6b", "… pass@1 below it", "pass_at_k", "grpo", "pass@1", -1, 0.02),
    _claim("S7", "unlikeliness: classes@16 above grpo_std's", "unlikeliness", "grpo_std", "classes@16", 1, 0.15),
    _claim(
        "S8", "negative_reinforcement: pass@1 0.02 below darling's", "negative_reinforcement", "darling", "pass@1", -1,
        None, -0.02,
    ),
)  # fmt: skip
TESTED_AGAIN = ("S1a", "S2", "S6a", "S6b", "S7", "S8")
TRANSFER = (
    _claim("T1", "correct_only: pass@1 above grpo's", "correct_only", "grpo", "pass@1", 1, 0.01),
    _claim("T2a", "… above the KL control's", "correct_only", "KL control", "pass@1", 1, 0.01),
    _claim("T2b", "… above the entropy control's", "correct_only", "entropy control", "pass@1", 1, 0.01),
    _claim("T3a", "… by 0.05 where × is needed", "correct_only, ×", "grpo, ×", "pass@1", 1, None, 0.05),
    _claim("T3b", "… equal where it is not", "correct_only, no ×", "grpo, no ×", "pass@1", 0, 0.02),
    _claim("T4", "darling: pass@1 above grpo's", "darling", "grpo", "pass@1", 1, 0.01),
)
EXPLORATION = tuple(
    _claim(f"E1 {name}", "pass@1 above grpo's", name, "grpo", "pass@1", 1, 0.01) for name in EXPLORERS if name != "grpo"
)
CLAIMS = {"same": SAME, "transfer": TRANSFER, "transfer_rate": (), "exploration150": EXPLORATION}


def write_field(ledger: Ledger, folder: Path, console: Console) -> None:
    """Write results.md and results.json; raises `InputError` when no run of these questions is finished."""
    results = ledger.results()
    page, arms = Page(folder), field_arms(results)
    page.add("# Results: the field's objectives\n", "Written by `python -m recipes.countdown.experiment analyse-field` "
             "from the ledger; [the plan](../experiment_objectives.md) came first.\n")  # fmt: skip
    found = {
        grid: {name: own for name, runs in of_grid.items() if (own := _finished(runs, results))}
        for grid, of_grid in arms.items()
    }
    page.numbers["runs"] = {grid: sum(map(len, own.values())) for grid, own in found.items() if own}
    if not page.numbers["runs"]:
        raise InputError(f"{ledger.folder} holds no finished run of {', '.join(arms)}; do some with `run` first")
    folder.mkdir(parents=True, exist_ok=True)
    for question in SEARCHES:
        if found[question]:
            _question(page, question, found[question], _controls(question, found[question], results))
        if found[f"{question}_tuning"]:
            _tuning(page, question, results)
    if found["transfer_rate"]:
        _question(page, "transfer_rate", found["transfer_rate"], {})
    if found["verdicts"]:
        _wrong_verdicts(page, found["verdicts"])
    if found["same_again"]:
        again = outcomes(found["same_again"], [claim for claim in SAME if claim.name in TESTED_AGAIN])
        page.add("## same: six claims in eight other cells\n", tables.arms_table(found["same_again"]))
        page.add(tables.outcomes_table(again))
        page.add("### Less grpo\n", tables.differences_table(found["same_again"], "grpo"))
        page.numbers["same again"] = [one.as_json() for one in again]
    if found["same_verl"]:
        _engines(page, found["same_short"], found["same_verl"])
    page.write()
    console.print(Markdown(page.text))


def by_kind(runs: Mapping[Cell, Result], kinds: tuple[str, ...]) -> Runs:
    """The same runs, measured on the held-out prompts of these kinds alone."""
    return {cell: _restricted(result, kinds) for cell, result in runs.items()}


def _restricted(result: Result, kinds: tuple[str, ...]) -> Result:
    run = result.run
    prompts = held_out(run.held_out, run.held_out_prompts, run.held_out_from)
    kept = [i for i, prompt in enumerate(prompts) if kind_of(prompt) in kinds]

    def own(measured: Measured) -> Measured:
        return replace(measured, solved=[measured.solved[i] for i in kept])

    return replace(
        result, evaluations=[Evaluation(e.step, own(e.held_out), e.rl) for e in result.evaluations], _means={}
    )


def _finished(runs: tuple[Any, ...], results: Mapping[str, Result]) -> Runs:
    return {run.cell: results[run.id] for run in runs if run.id in results}


def _controls(question: str, arms: Mapping[str, Runs], results: Mapping[str, Result]) -> dict[str, str]:
    """The control of each kind: the arm whose weight the tuning's rule prefers."""
    search, chosen = SEARCHES[question], dict[str, str]()
    for control, prefix in CONTROLS.items():
        tried = {
            best(known): name for name in arms if name.startswith(prefix) and (known := search.tried(name, results))
        }
        if tried:
            chosen[control] = tried[best(list(tried))]
    return chosen


def _question(page: Page, question: str, arms: dict[str, Runs], controls: Mapping[str, str]) -> None:
    page.add(f"## {question}: the methods\n", "Means at the last step, with 95 % intervals over cells and prompts.\n")
    page.add(tables.arms_table(arms))
    pictures.crowded_plane(page.picture(f"{question}.png", "pass@1 against classes@16, by method"), arms)
    page.numbers[question] = {
        name: {metric: one.as_json() for metric in ALL_METRICS if (one := contrast({name: 1.0}, arms, metric))}
        | {"seconds": sum(result.seconds for result in own.values()) / len(own)}
        for name, own in arms.items()
    }
    compared = arms | {control: arms[name] for control, name in controls.items()}
    compared |= {f"{name}, ×": by_kind(own, ("times",)) for name, own in arms.items()}
    compared |= {f"{name}, no ×": by_kind(own, ("sums", "either")) for name, own in arms.items()}
    if told := outcomes(compared, CLAIMS[question]):
        page.add("### Hypotheses\n", tables.outcomes_table(told))
        page.add("".join(f"The {control} is `{name}`.\n" for control, name in controls.items()))
        page.numbers[f"{question} hypotheses"] = [one.as_json() for one in told]
    for base in ("grpo", "darling", "correct_only"):
        if base in arms and len(arms) > 1:
            page.add(f"### Less {base}\n", tables.differences_table(arms, base))
            equal = {name: found for name, own in arms.items() if name != base
                     if (found := at_equal_quality(own, arms[base])) is not None}  # fmt: skip
            page.add(f"### classes@16 at equal pass@1, less {base}\n")
            page.numbers[f"{question}, classes@16 at equal pass@1, less {base}"] = {
                name: one.as_json() for name, one in equal.items()
            }
            page.add(tables.estimates_table("", {name: {"classes@16": found} for name, found in equal.items()}))
    _by_kind(page, question, arms)


def _wrong_verdicts(page: Page, arms: dict[str, Runs]) -> None:
    """Each way to use verdicts less DARLING's, where both have seen the same wrong ones."""
    page.add("## Wrong verdicts\n", tables.arms_table(arms))
    rows = {}
    for name in arms:
        method, _, wrong = name.partition(", ")
        if method != "darling" and (row := difference(arms, name, f"darling, {wrong}")):
            rows[name] = row
    page.add("### Less darling under the same wrong verdicts\n", tables.estimates_table("less darling", rows))
    page.numbers["verdicts"] = {
        name: {metric: one.as_json() for metric, one in row.items()} for name, row in rows.items()
    }


def _engines(page: Page, loop: dict[str, Runs], verl: dict[str, Runs]) -> None:
    agreements = engines.agreements(loop, verl, SHORT["steps"])
    page.add("## Through verl's trainer\n", tables.arms_table(verl))
    page.add("### The loop and verl\n", tables.agreements_table(agreements))
    page.numbers["agreement"] = [one.as_json() for one in agreements]


def _by_kind(page: Page, question: str, arms: dict[str, Runs]) -> None:
    """pass@1 on the prompts of each kind: a table with what the warm starts have, and a picture."""
    page.add("### pass@1 by kind of prompt\n")
    kinds = {"all prompts": KINDS} | {kind: (kind,) for kind in KINDS}
    parts = {title: {name: by_kind(own, of) for name, own in arms.items()} for title, of in kinds.items()}
    found = {name: {title: contrast({name: 1.0}, part, "pass@1") for title, part in parts.items()} for name in arms}
    rows = {name: {title: one for title, one in row.items() if one is not None} for name, row in found.items()}
    before = {title: _mean_before(part) for title, part in parts.items()}
    lines = [["warm start", *(f"{mean:.3f}" for mean in before.values())]]
    lines += [[name, *(tables.number(one, "pass@1") for one in row.values())] for name, row in rows.items()]
    page.add(tables.table(["method", *kinds], lines))
    page.numbers[f"{question} by kind"] = {
        name: {title: one.as_json() for title, one in row.items()} for name, row in rows.items()
    } | {"warm start": before}
    ranked = dict(sorted(rows.items(), key=lambda row: -row[1]["all prompts"].mean))
    pictures.levels(page.picture(f"{question}_kinds.png", "pass@1 by kind of prompt"), ranked, before,
                    "pass@1 by how a prompt can be solved; the line is the warm start")  # fmt: skip


def _mean_before(arms: Mapping[str, Runs]) -> float:
    """pass@1 before the first step, over the cells of all arms."""
    cells = {cell: result for own in arms.values() for cell, result in own.items()}
    return sum(result.mean("pass@1", 0) for result in cells.values()) / len(cells)


def _tuning(page: Page, question: str, results: Mapping[str, Result]) -> None:
    search = SEARCHES[question]
    rows = []
    for method in search.methods:
        known = search.tried(method, results)
        chosen = search.chosen_rate(method, results)
        said = ", ".join(f"{one.rate:g}: {one.pass_at_1:.3f}, {one.classes_at_16:.2f}" for one in known)
        rows.append([method, "not yet" if chosen is None else f"{chosen:g}", said])
    page.add(f"## {question}: learning rates\n", "Validation prompts; rate: pass@1, classes@16.\n")
    page.add(tables.table(["method", "taken", "tried"], rows))
