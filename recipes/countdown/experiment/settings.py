"""One run of the experiment: everything that its result depends on, and the name that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.core import checks
from darling_plugin.errors import InputError
from darling_plugin.objectives import OBJECTIVES, Darling

FORMAT = 2  # raise when the same settings give another result: what was run before is then run anew
ENGINES = ("loop", "verl")
HELD_OUT = ("validation", "test")
SIMILARITIES = ("symbolic", "learned")
RL_KINDS = ("all", "either")
ANSWERS = ("form", "value")

METHODS: dict[str, dict[str, Any]] = {
    "grpo": {"fusion": "quality"},
    "grpo_std": {"fusion": "quality", "std": True},
    "ngram": {"diversity": "ngram"},
    "darling": {},
    "learned": {"judge": "learned"},
    "flipped": {"false_same": 0.1, "false_different": 0.1},
    "correct_only": {"among": "correct", "alone": 0.1},
    "additive": {"fusion": "additive"},
}
"""What each method of the main comparison is, as fields of `Run`."""


LATER = ("method", "options", "answer", "kl", "entropy", "rl_kind", "held_out_from")
"""Fields that the published runs do not have: left out of the id where they have their defaults."""

MEASURED_ON = ("held_out", "held_out_from", "held_out_prompts", "samples", "rl_kind", "rl_measured")
"""Fields that say which prompts a run is measured on, and with how many responses."""


class Cell(NamedTuple):
    """Where methods are compared: the same policy to begin with, the same RL prompts."""

    warm_start: int
    seed: int


@dataclass(frozen=True)
class Run:
    """What to train, how, and where to measure. Two equal ones are one run, whatever question they answer.

    Args:
        engine: the PyTorch loop, or verl's `main_ppo`.
        warm_start: the seed of the policy to begin with, and its supervised steps.
        seed: of RL prompts, their order, rollouts, mini-batches and wrong verdicts (`verl`: not of the rollouts).
        rl_prompts: how many there are; step_prompts: of one step; n: responses to each.
        steps: of training; evaluate_every: so many of them, and before the first.
        fusion, diversity, among, alone, floor, std: the objective and its settings, under the names that the published
            ledger has: `among` is `darling.diversity.scope`, `alone` is `.singleton`.
        judge: the similarity: symbolic, or learned, a classifier that is trained first. The field's name is part of the
            ids of runs that are in the ledger.
        false_same, false_different: how often a verdict is wrong, of those that should be "different" and "same".
        representatives: partition by representatives instead of the closure.
        held_out: which prompts the policy is measured on: of the validation or of the test pools.
        held_out_prompts, rl_measured, samples: how many of them, how many of the RL prompts, responses to each.

    What came after the published ledger is a part of the id only where it is not the default:

        method: `darling.objective`, where it is none of the published three; options: of it, as JSON.
        answer: what a final answer is: the form of an expression, or its value (`answers.py`).
        kl, entropy: the weight of the KL to the warm start, and of the entropy, in the loss (`loss.py`).
        rl_kind: which RL prompts: all, or those that can be solved with × and without (`prompts.py`).
        held_out_from: where in the list of held-out prompts theirs begin.
    """

    engine: str = "loop"
    warm_start: int = 0
    warm_start_steps: int = 600
    seed: int = 0
    learning_rate: float = 1e-4
    rl_prompts: int = 128
    step_prompts: int = 16
    n: int = 8
    steps: int = 400
    evaluate_every: int = 100
    fusion: str = "multiplicative"
    diversity: str = "partition"
    among: str = "all"
    alone: float = 1.0
    floor: float = 0.1
    std: bool = False
    judge: str = "symbolic"
    false_same: float = 0.0
    false_different: float = 0.0
    representatives: bool = False
    held_out: str = "test"
    held_out_prompts: int = 300
    rl_measured: int = 128
    samples: int = 64
    method: str = ""
    options: str = "{}"
    answer: str = "form"
    kl: float = 0.0
    entropy: float = 0.0
    rl_kind: str = "all"
    held_out_from: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            if isinstance(field.default, float):  # 0 and 0.0 are one setting, and one id
                object.__setattr__(self, field.name, checks.number(field.name, getattr(self, field.name)) + 0.0)
        checks.choice("engine", self.engine, ENGINES)
        checks.choice("judge", self.judge, SIMILARITIES)
        checks.choice("held_out", self.held_out, HELD_OUT)
        checks.choice("rl_kind", self.rl_kind, RL_KINDS)
        checks.choice("answer", self.answer, ANSWERS)
        if self.kl < 0 or self.entropy < 0 or self.held_out_from < 0:
            raise InputError("`kl`, `entropy` and `held_out_from` must not be negative")
        checks.fraction("false_same", self.false_same)
        checks.fraction("false_different", self.false_different)
        for name in ("warm_start_steps", "rl_prompts", "step_prompts", "n", "steps", "evaluate_every", "samples",
                     "held_out_prompts", "rl_measured"):  # fmt: skip
            checks.at_least_one(name, getattr(self, name))
        if self.learning_rate <= 0:
            raise InputError(f"`learning_rate` must be above 0, got {self.learning_rate}")
        if self.rl_prompts % self.step_prompts or self.step_prompts % 2:
            raise InputError(
                f"`step_prompts` must be even and divide `rl_prompts`, so that no prompt of an epoch is left out; got "
                f"{self.step_prompts} and {self.rl_prompts}"
            )
        _ = self.darling.build_objective()  # checks what is its own

    @property
    def objective(self) -> str:
        """The name of `darling.objective`."""
        if self.method:
            return self.method
        if self.fusion == "quality":
            return "grpo"
        checks.choice("diversity", self.diversity, ("partition", "ngram"))
        return "ngram" if self.diversity == "ngram" else "darling"

    @property
    def darling(self) -> DarlingSettings:
        """The `darling:` node of the step. An expression is one word: the rule for short texts is off.

        4-grams are of characters with spaces between them, the full stop at the end included.
        """
        node: dict[str, Any] = {
            "objective": self.objective,
            "options": {"words": "authors"} if self.objective == "ngram" else json.loads(self.options),
            "advantage": {"normalize_by_std": self.std},
            "similarity": {"short_text_rule": False},
            "quality": {"answer": f"recipes.countdown.experiment.answers:{self.answer}s"},
        }
        if self.method and not issubclass(OBJECTIVES[self.method], Darling):
            return parse_settings(node)
        if self.objective != "grpo":
            node["fusion"] = {"mode": self.fusion}
            node["diversity"] = {"scope": self.among, "floor": self.floor}
            node["diversity"]["partition"] = "representatives" if self.representatives else "exact"
        if self.objective in ("darling", "soft_darling"):
            node["diversity"]["singleton"] = self.alone
        return parse_settings(node)

    @property
    def noisy(self) -> bool:
        return bool(self.false_same or self.false_different)

    @property
    def cell(self) -> Cell:
        return Cell(self.warm_start, self.seed)

    @property
    def id(self) -> str:
        """Twelve digits that stand for all fields: the same on every machine, another for another run."""
        content = json.dumps({"format": FORMAT, **self.as_json()}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def words(self) -> str:
        """For people: what of it is not the default, and the cell."""
        usual = Run()
        named = ("engine", "warm_start", "seed", "learning_rate")
        unusual = [
            f"{field.name} {getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in named and getattr(self, field.name) != getattr(usual, field.name)
        ]
        head = f"{self.engine}, warm start {self.warm_start}, seed {self.seed}, lr {self.learning_rate:g}"
        return ", ".join([head, *unusual])

    def as_json(self) -> dict[str, Any]:
        later = {field.name: field.default for field in fields(self) if field.name in LATER}
        return {name: value for name, value in asdict(self).items() if name not in later or value != later[name]}


def from_json(content: Mapping[str, Any]) -> Run:
    """The run that `as_json` gave."""
    known = {field.name for field in fields(Run)}
    if unknown := content.keys() - known:
        raise InputError(
            f"the settings of a run have unknown fields ({', '.join(sorted(unknown))}), so another version of this "
            "package wrote them; use that version, or another ledger"
        )
    return Run(**content)
