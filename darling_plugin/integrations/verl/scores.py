"""The scores that verl's verifiers give: the lowest one, where it is known before the first response.

verl's `default_compute_score` gives −1 or 1 for the data sources `math`, `math_dapo`, `math_dapo_reasoning` and `aime…`
(verl 0.9.1, utils/reward_score/__init__.py and math_dapo.py), and DAPO's reward manager subtracts up to its penalty for
a response that is too long. Multiplied by diversity as they are, the more distinct of two wrong answers would be the
worse one; with each group's lowest subtracted, a group of right answers would have nothing left to multiply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from darling_plugin.config import DarlingSettings

MINUS_ONE = {"math", "math_dapo", "math_dapo_reasoning"}


@dataclass(frozen=True)
class Lowest:
    """A score that no response falls below, and where it comes from."""

    value: float
    reason: str


def source_lowest(source: str) -> float:
    """The lowest score of verl's own verifier for a data source; 0 where it is not known to be lower."""
    return -1.0 if source in MINUS_ONE or source.startswith("aime") else 0.0


def known_lowest(config: DictConfig, settings: DarlingSettings, dataset: Any) -> Lowest | None:
    """The lowest score that training can give; None where it is 0 or not known before the first response.

    Not known: a reward model, or a reward function of the user's. dataset: verl's training data, whose column
    `data_source` names the verifiers.
    """
    if has_reward_model(config) or has_function(config):
        return None
    manager = OmegaConf.select(config, "reward.reward_manager.name")
    verl_scores = settings.quality.verifier == "verl" or manager != "darling"
    sources = sorted(data_sources(dataset)) if verl_scores else []
    low = [source for source in sources if source_lowest(source) < 0]
    penalty = overlong_penalty(config)
    value = min(map(source_lowest, sources), default=0.0) - penalty
    if value >= 0:
        return None
    reasons = [f"verl's verifier of {', '.join(low)} gives -1 or 1"] if low else []
    reasons += [f"DAPO's overlong penalty subtracts up to {penalty:g}"] if penalty else []
    return Lowest(value, " and ".join(reasons))


def data_sources(dataset: Any) -> set[str]:
    """The values of `data_source` in verl's dataset; none where it is of another form."""
    frame = getattr(dataset, "dataframe", None)
    if "data_source" not in (getattr(frame, "column_names", None) or ()):
        return set()
    assert frame is not None
    return {str(source) for source in frame.unique("data_source")}


def overlong_penalty(config: DictConfig) -> float:
    """What DAPO's reward manager may subtract from a score: its `overlong_buffer_cfg.penalty_factor`, where enabled."""
    buffer = OmegaConf.select(config, "reward.reward_kwargs.overlong_buffer_cfg")
    if OmegaConf.select(config, "reward.reward_manager.name") != "dapo" or buffer is None or not buffer.enable:
        return 0.0
    return float(buffer.penalty_factor)


def has_reward_model(config: DictConfig) -> bool:
    """Whether a reward model gives the scores, in verl 0.9 or 0.8."""
    keys = ("reward.reward_model.enable", "reward_model.enable")
    return any(bool(OmegaConf.select(config, key)) for key in keys)


def has_function(config: DictConfig) -> bool:
    """Whether a reward function of the user's gives the scores, in verl 0.9 or 0.8."""
    keys = ("reward.custom_reward_function.path", "custom_reward_function.path")
    return any(OmegaConf.select(config, key) is not None for key in keys)
