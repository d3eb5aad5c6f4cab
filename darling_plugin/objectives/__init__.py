"""The methods: each turns a batch of groups into rewards and advantages. One short file each; the file is the paper.

    base.py         what an objective is: `Batch` in, `Scored` out, what it `needs`, its state
    darling.py      start here: quality times the share of siblings in another class
    soft_darling.py DARLING with P(equivalent) as it is, without threshold and closure
    ngram.py        the lexical baseline: quality times the share of own n-grams
    grpo.py         quality alone

    from classes       poly_epo.py (sets of m), uniqueness.py (advantages by class size)
    from final answers outcome.py (batch, ucb, ucb_con)
    from encodings     dqo.py (volume), dra.py (similarity to the group), rep_exp.py (elliptical bonus)
    from quality       pass_at_k.py, negative_reinforcement.py; unlikeliness.py reads log-probabilities too

`darling.objective=NAME` chooses one; `darling.objective=my_package.mine:MyObjective` takes a class of your own. To add
one: a file here, and a line in the table below. The step (`step.py`) computes what the objective `needs`, so that it
runs in every trainer that has an adapter.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.objectives.base import NEEDS, Batch, Objective, Scored
from darling_plugin.objectives.darling import Darling, darling_advantages
from darling_plugin.objectives.dqo import Dqo, dqo_rewards
from darling_plugin.objectives.dra import Dra
from darling_plugin.objectives.grpo import Grpo
from darling_plugin.objectives.negative_reinforcement import NegativeReinforcement, negative_reinforcement_advantages
from darling_plugin.objectives.ngram import Ngram
from darling_plugin.objectives.outcome import OutcomeBatch, OutcomeUcb, OutcomeUcbCon, outcome_batch_bonus
from darling_plugin.objectives.pass_at_k import PassAtK, pass_at_k_advantages
from darling_plugin.objectives.poly_epo import PolyEpo, poly_epo_advantages
from darling_plugin.objectives.rep_exp import RepExp
from darling_plugin.objectives.soft_darling import SoftDarling, soft_diversity
from darling_plugin.objectives.uniqueness import Uniqueness, uniqueness_advantages
from darling_plugin.objectives.unlikeliness import Unlikeliness, unlikeliness_rewards

OBJECTIVES: dict[str, type[Objective]] = {
    "darling": Darling,
    "grpo": Grpo,
    "ngram": Ngram,
    "soft_darling": SoftDarling,
    "poly_epo": PolyEpo,
    "uniqueness": Uniqueness,
    "outcome_batch": OutcomeBatch,
    "outcome_ucb": OutcomeUcb,
    "outcome_ucb_con": OutcomeUcbCon,
    "dqo": Dqo,
    "dra": Dra,
    "rep_exp": RepExp,
    "pass_at_k": PassAtK,
    "unlikeliness": Unlikeliness,
    "negative_reinforcement": NegativeReinforcement,
}


def find_objective(name: str) -> type[Objective]:
    """The class called `name`: a key of `OBJECTIVES`, or `module:Class` of the user's own. Raises `ConfigError`."""
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    if ":" not in name:
        raise ConfigError(
            f"darling.objective={name}: must be one of {', '.join(OBJECTIVES)}, or a class of your own as "
            "my_package.my_module:MyObjective"
        )
    from darling_plugin.functions import load_function

    found: Any = load_function("darling.objective", name, "my_package.mine:MyObjective")
    if not (isinstance(found, type) and issubclass(found, Objective)):
        raise ConfigError(f"darling.objective={name}: must be a subclass of darling_plugin.objectives.Objective")
    if unknown := found.needs - set(NEEDS):
        raise ConfigError(
            f"darling.objective={name}: needs {', '.join(sorted(unknown))}; an objective can need {', '.join(NEEDS)}"
        )
    return found


def build_objective(name: str, options: Mapping[str, Any], sections: Mapping[str, tuple[str, Any]]) -> Objective:
    """The objective called `name`, from the settings that its constructor names.

    Args:
        options: `darling.options`.
        sections: of the other settings that an objective may read, by argument: where each is set, and its value.

    Raises `ConfigError` for an option that the objective does not have, and for a value that it refuses.
    """
    objective = find_objective(name)
    accepted = inspect.signature(objective).parameters
    if unknown := [key for key in options if key not in accepted or key in sections]:
        own = [key for key in accepted if key not in sections]
        places = [f" (set {sections[key][0]} instead)" for key in unknown if key in sections]
        raise ConfigError(
            f"darling.options.{unknown[0]}: objective {name!r} has no such option; it has "
            f"{', '.join(own) or 'none'}{''.join(places[:1])}."
        )
    given = {key: value for key, (_, value) in sections.items() if key in accepted}
    try:
        return objective(**given, **options)
    except InputError as error:
        raise ConfigError(f"darling.objective={name}: {error}") from error


__all__ = [
    "NEEDS",
    "OBJECTIVES",
    "Batch",
    "Darling",
    "Grpo",
    "Ngram",
    "Objective",
    "Scored",
    "build_objective",
    "darling_advantages",
    "dqo_rewards",
    "find_objective",
    "negative_reinforcement_advantages",
    "outcome_batch_bonus",
    "pass_at_k_advantages",
    "poly_epo_advantages",
    "soft_diversity",
    "uniqueness_advantages",
    "unlikeliness_rewards",
]
