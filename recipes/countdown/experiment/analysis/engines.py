"""Does the loop do what verl does? The same cells, at the last step of verl's runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recipes.countdown.experiment.analysis.contrast import Estimate, contrast
from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.plan import SHORT_STEPS
from recipes.countdown.experiment.settings import Cell

MARGINS = {"pass@1": 0.03, "pass@16": 0.04, "classes@16": 0.2}


@dataclass(frozen=True)
class Agreement:
    """verl less loop for one method and metric. `agrees`: the 90 % interval lies within ± the margin."""

    method: str
    metric: str
    loop: float
    verl: float
    difference: Estimate

    @property
    def agrees(self) -> bool:
        margin, found = MARGINS[self.metric], self.difference
        return found.low is not None and found.high is not None and -margin < found.low and found.high < margin

    def as_json(self) -> dict[str, Any]:
        return {"method": self.method, "metric": self.metric, "loop": self.loop, "verl": self.verl,
                **self.difference.as_json(), "agrees": self.agrees}  # fmt: skip


def agreements(
    loop: Mapping[str, Mapping[Cell, Result]], verl: Mapping[str, Mapping[Cell, Result]], step: int = SHORT_STEPS
) -> list[Agreement]:
    """For every method that both have runs of in a common cell."""
    found = []
    for method in verl:
        for metric in MARGINS:
            both = {"verl": verl[method], "loop": loop.get(method, {})}
            difference = contrast({"verl": 1.0, "loop": -1.0}, both, metric, step=step, confidence=0.9)
            if difference is None:
                continue
            cells = [cell for cell in both["verl"] if cell in both["loop"]]
            means = {name: sum(both[name][c].mean(metric, step) for c in cells) / len(cells) for name in both}
            found.append(Agreement(method, metric, means["loop"], means["verl"], difference))
    return found


def same_sign(
    loop: Mapping[str, Mapping[Cell, Result]], verl: Mapping[str, Mapping[Cell, Result]], step: int = SHORT_STEPS
) -> list[dict[str, Any]]:
    """H12: the difference of `darling` and `grpo` in each engine, over the cells that all four have."""
    rows = []
    arms = {f"{method}/{name}": own.get(method, {}) for name, own in (("loop", loop), ("verl", verl))
            for method in ("darling", "grpo")}  # fmt: skip
    cells = set.intersection(*(set(arm) for arm in arms.values()))
    arms = {name: {cell: run for cell, run in arm.items() if cell in cells} for name, arm in arms.items()}
    for metric in MARGINS:
        by_engine = {
            engine: contrast({f"darling/{engine}": 1.0, f"grpo/{engine}": -1.0}, arms, metric, step=step)
            for engine in ("loop", "verl")
        }
        if any(found is None for found in by_engine.values()):
            continue
        rows.append({"metric": metric, **{engine: found.as_json() for engine, found in by_engine.items() if found}})
    return rows
