"""Which runs there are. `docs/kinds.md` gives the reasons.

    tuning    the learning rate of `grpo`, `ngram` and `darling`, one seed, on validation categories
    main      every method at its rate, three seeds, on test categories
    agreement `grpo` and `darling` as the quickstart trains them: by the loop, and by verl (`scripts/quickstart.sh`)
    trl       the main comparison through TRL on a GPU, all layers, at one rate (`gpu.sh`)

`run` does what the loop does; `record` takes in what verl or TRL trained.

A method that is DARLING with another similarity takes the rate of `darling`: what is asked there is what the similarity
changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from recipes.countdown.experiment.tuning import Tried
from recipes.kinds.experiment.results import Result
from recipes.kinds.experiment.settings import METHODS, Run

GRIDS = ("tuning", "main", "agreement", "trl")
TUNED = ("grpo", "ngram", "darling")
RATES = (1e-4, 3e-5)
TUNING_SEED, SEEDS = 100, (0, 1, 2)
TIE = 0.01
TEMPERATURES = "0.5,0.75,1.25,1.5"
ALL_LAYERS, ALL_LAYERS_RATE = 30, 1e-5
VERL_STEPS = 24
COMPARED = ("grpo", "darling")


@dataclass(frozen=True)
class Arm:
    """`main/darling`: one row of a comparison."""

    grid: str
    name: str
    runs: tuple[Run, ...]

    @property
    def path(self) -> str:
        return f"{self.grid}/{self.name}"


def tuning_run(method: str, rate: float) -> Run:
    return Run(**METHODS[method], seed=TUNING_SEED, learning_rate=rate, held_out="validation", evaluate_every=60)


def main_run(method: str, rate: float, seed: int) -> Run:
    return Run(**METHODS[method], seed=seed, learning_rate=rate, temperatures=TEMPERATURES)


def trl_run(method: str, seed: int) -> Run:
    return replace(main_run(method, ALL_LAYERS_RATE, seed), engine="trl", trained=ALL_LAYERS, evaluate_every=60)


def quickstart_run(method: str, engine: str) -> Run:
    """What the quickstart's settings say (`configs/darling/kinds.yaml`), by either engine."""
    return Run(
        **METHODS[method],
        engine=engine,
        learning_rate=ALL_LAYERS_RATE,
        steps=VERL_STEPS,
        evaluate_every=VERL_STEPS,
        trained=ALL_LAYERS,
        held_out="validation",
    )


def tried(method: str, results: Mapping[str, Result]) -> list[Tried]:
    """What is known of the rates of a tuned method, the highest rate first."""
    runs = {rate: tuning_run(method, rate).id for rate in RATES}
    return [
        Tried(rate, results[own].mean("pass@1"), results[own].mean("kinds@16"))
        for rate, own in runs.items()
        if own in results
    ]


def chosen_rate(method: str, results: Mapping[str, Result]) -> float | None:
    """The rate with the highest pass@1 on validation categories; of those within `TIE` of it, the one with the most
    kinds@16. None while runs are missing."""
    known = tried(method if method in TUNED else "darling", results)
    if len(known) < len(RATES):
        return None
    highest = max(one.pass_at_1 for one in known)
    return max((one for one in known if one.pass_at_1 >= highest - TIE), key=lambda one: one.classes_at_16).rate


def plan(results: Mapping[str, Result]) -> list[Arm]:
    """Every arm that can be named now; those of `main` wait until their rate is known."""
    arms = [Arm("tuning", method, tuple(tuning_run(method, rate) for rate in RATES)) for method in TUNED]
    for method in METHODS:
        if (rate := chosen_rate(method, results)) is not None:
            arms.append(Arm("main", method, tuple(main_run(method, rate, seed) for seed in SEEDS)))
    arms += [Arm("agreement", name, (quickstart_run(name, "loop"), quickstart_run(name, "verl"))) for name in COMPARED]
    return [*arms, *(Arm("trl", method, tuple(trl_run(method, seed) for seed in SEEDS)) for method in METHODS)]


def in_order(arms: list[Arm]) -> list[Run]:
    """Tuning first; then seed by seed, so that a whole comparison comes before the next seed; then the rest."""
    of = {grid: [run for arm in arms if arm.grid == grid for run in arm.runs] for grid in GRIDS}
    of["main"].sort(key=lambda run: run.seed)  # a stable sort: in a seed the order of the methods stays
    return [run for grid in GRIDS for run in of[grid]]
