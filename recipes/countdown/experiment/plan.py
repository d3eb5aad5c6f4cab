"""Which runs there are, and what each is for. `docs/experiment.md` gives the reasons.

A grid holds arms, an arm one run for each cell. Runs that answer several questions are one run: `Run.id` is the same.

    tuning      the learning rate of each method, on validation prompts
    main        the methods, each at its rate
    ablations   what the parts of DARLING do, beside the arms of `main`
    short       the methods for fewer steps, each at its rate for so many
    verl        the same through verl's trainer
    quick       one seed of DARLING against GRPO through verl, at one rate; needs no tuning

The grids of `field.py` (`same`, `transfer`, `exploration…`, each with its tuning, `verdicts`, `same_again`,
`transfer_rate`, `same_short` and `same_verl`) compare the field's objectives; `docs/experiment_objectives.md` is
their plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from darling_plugin.errors import InputError
from recipes.countdown.experiment import tuning
from recipes.countdown.experiment.field import NOISE, SEARCHES, SHORT, field_arms
from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.settings import METHODS, Cell, Run

PUBLISHED = ("tuning", "main", "short", "ablations", "verl", "quick")
GRIDS = (
    *PUBLISHED,
    *(f"{name}{part}" for name in SEARCHES for part in ("_tuning", "")),
    "verdicts",
    "same_again",
    "transfer_rate",
    "same_short",
    "same_verl",
)
BY_LOOP = ("tuning", "main", "short", "ablations")
MANY = tuple(Cell(warm_start, seed) for seed in range(5) for warm_start in range(2))
FEWER = MANY[:8]
SHORT_MANY = tuple(Cell(seed % 2, seed) for seed in range(5))  # of MANY: five seeds over both warm starts
SHORT_FEWER = ABLATION_CELLS = SHORT_MANY[:3]  # of FEWER, so every arm of `main` has these
FIRST = ("grpo", "darling", "ngram", "grpo_std")
"""The methods with all cells, the comparison of the hypotheses first."""
THEN = ("correct_only", "flipped", "additive", "learned")
SHORT_STEPS = SHORT["steps"]
QUICK_STEPS, QUICK_RATE = 200, 1e-4


@dataclass(frozen=True)
class Arm:
    """`main/darling`: one row of a comparison."""

    grid: str
    name: str
    runs: tuple[Run, ...]

    @property
    def path(self) -> str:
        return f"{self.grid}/{self.name}"


def plan(results: Mapping[str, Result]) -> list[Arm]:
    """Every arm of `docs/experiment.md` that can be named now. Those at a tuned rate wait until that is known."""
    rates, short = _rates(results), _rates(results, SHORT_STEPS)
    return [
        *tuning_arms(results),
        *main_arms(rates),
        *short_arms("short", "loop", short),
        *ablation_arms(rates),
        *short_arms("verl", "verl", short),
        *quick_arms(),
    ]


def whole_plan(results: Mapping[str, Result]) -> list[Arm]:
    """The published experiment's arms, and those that compare the field's objectives."""
    compared = (Arm(grid, name, runs) for grid, arms in field_arms(results).items() for name, runs in arms.items())
    return [*plan(results), *compared]


def select(arms: Iterable[Arm], patterns: Sequence[str] = ()) -> list[Arm]:
    """The arms whose `grid/name` matches one of the patterns (`main/*`, `*/darling`); without any, all of the loop."""
    patterns = patterns or [f"{grid}/*" for grid in BY_LOOP]
    for pattern in patterns:
        grid = pattern.partition("/")[0]
        if "/" not in pattern or not any(fnmatch(name, grid) for name in GRIDS):
            raise InputError(
                f"--only: got {pattern!r}, expected grid/arm with the grid one of {', '.join(GRIDS)}, for example "
                "'main/*' or 'ablations/floor*'"
            )
    return [arm for arm in arms if any(fnmatch(arm.path, pattern) for pattern in patterns)]


def in_order(arms: Sequence[Arm]) -> list[Run]:
    """Their runs, the most useful first: grid by grid, and in each a whole comparison before the next cell."""
    ordered: list[Run] = []
    for grid in GRIDS:
        own = [arm for arm in arms if arm.grid == grid]
        cells = dict.fromkeys(run.cell for arm in own for run in arm.runs)
        ordered += [run for cell in cells for arm in own for run in arm.runs if run.cell == cell]
    return list(dict.fromkeys(ordered))


def tuning_arms(results: Mapping[str, Result]) -> list[Arm]:
    return [
        Arm("tuning", f"{method} {rate:g}", tuple(tuning.tuning_runs(method, rate)))
        for method in tuning.TUNED
        for rate in tuning.rates_to_try(method, results)
    ]


def main_arms(rates: Mapping[str, float]) -> list[Arm]:
    return _methods("main", rates, MANY, FEWER)


def ablation_arms(rates: Mapping[str, float]) -> list[Arm]:
    """Each at the rate that its method has in the main comparison. `analysis/ablations.py` has what each one asks."""
    arms: list[Arm] = []

    def add(name: str, method: str, **changes: Any) -> None:
        if method in rates:
            runs = _runs(ABLATION_CELLS, rates[method], **METHODS[method] | changes)
            arms.append(Arm("ablations", name, runs))

    add("floor 0", "darling", floor=0.0)
    add("correct only, floor 0", "correct_only", floor=0.0)
    add("correct only, alone 1", "correct_only", alone=1.0)
    add("darling, std", "darling", std=True)
    for n in (4, 16):
        for method in ("darling", "grpo"):
            add(f"{method}, n {n}", method, n=n)
    for count in (32, 512):
        for method in ("darling", "grpo"):
            add(f"{method}, {count} prompts", method, rl_prompts=count)
    add("representatives", "darling", representatives=True)
    for rate in NOISE:
        for name, wrong in {"false same": {"false_same": rate}, "false different": {"false_different": rate}}.items():
            add(f"{name} {rate:g}", "darling", **wrong)
            add(f"{name} {rate:g}, representatives", "darling", representatives=True, **wrong)
    return arms


def short_arms(grid: str, engine: str, rates: Mapping[str, float]) -> list[Arm]:
    shape = {"engine": engine, **SHORT}
    return _methods(grid, rates, SHORT_MANY, SHORT_FEWER, **shape)


def quick_arms() -> list[Arm]:
    cell = (Cell(0, 0),)
    # Measured on validation prompts: it is run often, and chooses nothing, but the test prompts stay unseen.
    shape = {"engine": "verl", "steps": QUICK_STEPS, "evaluate_every": QUICK_STEPS // 2, "held_out": "validation"}
    return [Arm("quick", method, _runs(cell, QUICK_RATE, **shape, **METHODS[method])) for method in ("darling", "grpo")]


def _methods(
    grid: str, rates: Mapping[str, float], many: Sequence[Cell], fewer: Sequence[Cell], **settings: Any
) -> list[Arm]:
    """An arm for each method whose rate is known."""
    methods = dict.fromkeys(FIRST, many) | dict.fromkeys(THEN, fewer)
    return [
        Arm(grid, method, _runs(cells, rates[method], **METHODS[method], **settings))
        for method, cells in methods.items()
        if method in rates
    ]


def _rates(results: Mapping[str, Result], step: int | None = None) -> dict[str, float]:
    """The learning rate of each method whose tuning is finished."""
    found = {method: tuning.chosen_rate(method, results, step) for method in METHODS}
    return {method: rate for method, rate in found.items() if rate is not None}


def _runs(cells: Sequence[Cell], learning_rate: float, **settings: Any) -> tuple[Run, ...]:
    return tuple(
        Run(warm_start=cell.warm_start, seed=cell.seed, learning_rate=learning_rate, **settings) for cell in cells
    )
