"""Which learning rate each method is compared at, by the rule that `docs/experiment.md` states.

Taken is the rate with the highest mean pass@1 on the validation prompts at the last step, or, for shorter runs, at
theirs. Rates within `TIE` of it are equal to it, and of those the one with the most classes@16 is taken. When that is
an end of the rates that were tried, one beyond that end is tried too, once for each end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.settings import METHODS, Cell, Run

RATES = (2e-4, 1e-4, 5e-5)
BEYOND = (4e-4, 2.5e-5)
TIE = 0.01
CELLS = (Cell(0, 100), Cell(1, 101))
TUNED = ("grpo", "darling", "ngram", "correct_only", "grpo_std", "additive")
AS_DARLING = ("learned", "flipped")
"""Take the rate of `darling`: they ask what the similarity changes."""


@dataclass(frozen=True)
class Tried:
    """One rate of one method: means over the runs of their means over the validation prompts."""

    rate: float
    pass_at_1: float
    classes_at_16: float


def tuning_runs(method: str, rate: float) -> list[Run]:
    return [Run(warm_start=cell.warm_start, seed=cell.seed, learning_rate=rate, held_out="validation",
                **METHODS[method]) for cell in CELLS]  # fmt: skip


def every_run() -> list[Run]:
    """All that the rule could ask for."""
    return [run for method in TUNED for rate in (*RATES, *BEYOND) for run in tuning_runs(method, rate)]


def tried(method: str, results: Mapping[str, Result], step: int | None = None) -> list[Tried]:
    """What is known at a step (the last) of the rates of a method whose runs are all finished, the highest first."""
    known = []
    for rate in sorted({*RATES, *BEYOND}, reverse=True):
        runs = tuning_runs(method, rate)
        if all(run.id in results for run in runs):
            found = [results[run.id] for run in runs]
            means = (sum(r.mean(metric, step) for r in found) / len(found) for metric in ("pass@1", "classes@16"))
            known.append(Tried(rate, *means))
    return known


def best(known: list[Tried]) -> Tried:
    """By the rule above, of at least one."""
    highest = max(one.pass_at_1 for one in known)
    equal = [one for one in known if one.pass_at_1 >= highest - TIE]
    return max(equal, key=lambda one: one.classes_at_16)


def rates_to_try(method: str, results: Mapping[str, Result]) -> list[float]:
    """Every rate that the rule asks for, as far as can be known now; finished ones included."""
    asked = list(RATES)
    known = tried(method, results)
    while set(asked) <= {one.rate for one in known}:
        chosen = best([one for one in known if one.rate in asked]).rate
        beyond = [rate for rate in BEYOND if rate not in asked and _next_to(rate, chosen, asked)]
        if not beyond:
            break
        asked += beyond
    return asked


def chosen_rate(method: str, results: Mapping[str, Result], step: int | None = None) -> float | None:
    """The rate of a method for runs of `step` steps (those of the tuning); None while runs are missing."""
    method = "darling" if method in AS_DARLING else method
    known = [one for one in tried(method, results, step) if one.rate in rates_to_try(method, results)]
    missing = set(rates_to_try(method, results)) - {one.rate for one in known}
    return None if missing else best(known).rate


def _next_to(rate: float, chosen: float, asked: list[float]) -> bool:
    """Whether `chosen` is the end of the rates asked for beyond which `rate` lies."""
    return (chosen == max(asked) and rate > chosen) or (chosen == min(asked) and rate < chosen)
