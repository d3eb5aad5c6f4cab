"""A search for the learning rate of each of several methods, by the rule of `tuning.py`, in a setting of its own.

`tuning.py` holds the rule and the published experiment's own search; `field.py` has the searches of the field's
objectives. A method's arguments are fields of `Run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.settings import Cell, Run
from recipes.countdown.experiment.tuning import Tried, best


@dataclass(frozen=True)
class Search:
    """methods: name → fields. rates: tried for each; beyond: one more at either end, where the best is an end.

    cells: of the tuning. shape: fields that all its runs share.
    """

    methods: Mapping[str, Mapping[str, Any]]
    rates: tuple[float, ...]
    beyond: tuple[float, ...]
    cells: tuple[Cell, ...]
    shape: Mapping[str, Any] = field(default_factory=dict)

    def runs(self, method: str, rate: float, results: Mapping[str, Result]) -> tuple[Run, ...]:
        """On validation prompts, measured before the first step and after the last, which is all that the rule reads.

        Where `results` has the run that was measured in between, too, as was planned at first, it is that one.
        """
        return tuple(run if run.id in results else _at_the_end(run) for run in self._often(method, rate))

    def at(self, method: str, rate: float, cells: tuple[Cell, ...], **more: Any) -> tuple[Run, ...]:
        fields = {**self.shape, **self.methods[method], **more, "learning_rate": rate}
        return tuple(Run(warm_start=cell.warm_start, seed=cell.seed, **fields) for cell in cells)

    def every_run(self) -> list[Run]:
        """All that the rule could ask for, each measured seldom and often."""
        rates = (*self.rates, *self.beyond)
        often = [run for method in self.methods for rate in rates for run in self._often(method, rate)]
        return [*often, *map(_at_the_end, often)]

    def _often(self, method: str, rate: float) -> tuple[Run, ...]:
        return self.at(method, rate, self.cells, held_out="validation", held_out_from=0)

    def tried(self, method: str, results: Mapping[str, Result]) -> list[Tried]:
        """What is known of the rates of a method whose runs are all finished, the highest rate first."""
        known = []
        for rate in sorted({*self.rates, *self.beyond}, reverse=True):
            found = [results[run.id] for run in self.runs(method, rate, results) if run.id in results]
            if len(found) == len(self.cells):
                means = (sum(one.mean(metric) for one in found) / len(found) for metric in ("pass@1", "classes@16"))
                known.append(Tried(rate, *means))
        return known

    def rates_to_try(self, method: str, results: Mapping[str, Result]) -> list[float]:
        """Every rate that the rule asks for, as far as can be known now; finished ones included."""
        asked, known = list(self.rates), self.tried(method, results)
        while set(asked) <= {one.rate for one in known}:
            chosen = best([one for one in known if one.rate in asked]).rate
            top, bottom = chosen == max(asked), chosen == min(asked)
            more = [r for r in self.beyond if r not in asked and ((top and r > chosen) or (bottom and r < chosen))]
            if not more:
                break
            asked += more
        return asked

    def chosen_rate(self, method: str, results: Mapping[str, Result]) -> float | None:
        """None while runs are missing."""
        asked = self.rates_to_try(method, results)
        known = [one for one in self.tried(method, results) if one.rate in asked]
        return best(known).rate if len(known) == len(asked) else None


def _at_the_end(run: Run) -> Run:
    return replace(run, evaluate_every=run.steps)
