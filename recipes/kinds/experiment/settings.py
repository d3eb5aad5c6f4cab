"""One run: everything that its result depends on, and the name that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.core import checks
from darling_plugin.errors import InputError
from recipes.countdown.experiment.settings import Cell

FORMAT = 1  # raise when the same settings give another result: what was run before is then run anew
ENGINES = ("loop", "verl", "trl")
PARTS = ("validation", "test")
SIMILARITIES = ("exact", "learned", "shipped")

METHODS: dict[str, dict[str, Any]] = {
    "grpo": {"objective": "grpo"},
    "ngram": {"objective": "ngram"},
    "darling": {"objective": "darling", "similarity": "exact"},
    "learned": {"objective": "darling", "similarity": "learned"},
    "shipped": {"objective": "darling", "similarity": "shipped"},
    "soft_darling": {"objective": "soft_darling", "similarity": "learned"},
}
"""As fields of `Run`."""


@dataclass(frozen=True)
class Run:
    """What to train, how, and where to measure. Two equal ones are one run.

    Args:
        engine: the loop here, verl (`quickstart.py`) or TRL (`trl_train.py`); for these two `trained` is all layers.
        objective: `darling.objective`.
        similarity: WordNet's synsets, a classifier trained on the warm start's responses, or the shipped one.
        seed: of the order of categories, and of the rollouts.
        steps: of training; evaluate_every: so many of them, and before the first.
        step_prompts, n: prompts of a step, and responses to each.
        trained: how many of the 30 layers learn.
        held_out: the part whose categories the policy is measured on; samples: responses to each.
        temperatures: what the final policy is measured at besides 1, joined by commas.
    """

    engine: str = "loop"
    objective: str = "darling"
    similarity: str = "exact"
    seed: int = 0
    learning_rate: float = 1e-4
    steps: int = 60
    evaluate_every: int = 30
    step_prompts: int = 8
    n: int = 8
    trained: int = 4
    held_out: str = "test"
    samples: int = 16
    temperatures: str = ""

    def __post_init__(self) -> None:
        checks.choice("engine", self.engine, ENGINES)
        checks.choice("similarity", self.similarity, SIMILARITIES)
        checks.choice("held_out", self.held_out, PARTS)
        for name in ("steps", "evaluate_every", "step_prompts", "n", "trained", "samples"):
            checks.at_least_one(name, getattr(self, name))
        if self.learning_rate <= 0:
            raise InputError(f"`learning_rate` must be above 0, got {self.learning_rate}")
        _ = self.darling.build_objective()  # checks what is its own

    @property
    def darling(self) -> DarlingSettings:
        """The `darling:` node of the step: this package's defaults."""
        return parse_settings({"objective": self.objective})

    @property
    def sweep(self) -> list[float]:
        return [float(each) for each in self.temperatures.split(",") if each]

    @property
    def cell(self) -> Cell:
        """Where methods are compared: all runs have one warm start."""
        return Cell(0, self.seed)

    @property
    def id(self) -> str:
        """Twelve digits that stand for all fields: the same on every machine, another for another run."""
        content = json.dumps({"format": FORMAT, **self.as_json()}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def words(self) -> str:
        """For people."""
        method = f"{self.engine}: {self.objective} {self.similarity}"
        return f"{method}, seed {self.seed}, lr {self.learning_rate:g}, {self.steps} steps, {self.held_out}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(content: Mapping[str, Any]) -> Run:
    """The run that `as_json` gave."""
    if unknown := content.keys() - {field.name for field in fields(Run)}:
        raise InputError(
            f"the settings of a run have unknown fields ({', '.join(sorted(unknown))}), so another version of this "
            "package wrote them; use that version, or another ledger"
        )
    return Run(**content)
