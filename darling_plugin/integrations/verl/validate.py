"""A job's configuration, checked before Ray is started or a GPU taken."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.scores import has_reward_model
from darling_plugin.integrations.verl.versions import check_verl_version
from darling_plugin.objectives import Objective
from darling_plugin.service.build import check_backend
from darling_plugin.step import needs_similarity

logger = logging.getLogger(__name__)

ESTIMATOR = "darling"
REWARD_MANAGER = "darling"
ANY_CORRECT = "any_correct"
"""A metric for DAPO's group filter, which `streaming.py` writes: the same for all responses of a group only where none
is correct, or all texts are equal."""


def uses_darling(config: DictConfig) -> bool:
    """Whether the job trains with this plugin's estimator."""
    return str(OmegaConf.select(config, "algorithm.adv_estimator")) == ESTIMATOR


def is_watched(config: DictConfig, settings: DarlingSettings) -> bool:
    """Whether the job's groups are looked at: for the estimator, for another's rewards, or for the log only."""
    return uses_darling(config) or settings.monitor or settings.reward


def read_settings(config: DictConfig) -> DarlingSettings:
    """The checked `darling:` node of a job's configuration; all defaults where there is none."""
    node = OmegaConf.select(config, "darling")
    if isinstance(node, DictConfig):
        node = OmegaConf.to_container(node, resolve=True)
    if node is not None and not isinstance(node, Mapping):
        raise ConfigError(f"darling: must be a mapping of settings, got {node!r}. For example: +darling.monitor=true.")
    return parse_settings(node)


def validate_job(config: DictConfig) -> None:
    """Raise `ConfigError` for whatever would stop or spoil the job later.

    Does nothing for another estimator, unless `darling.monitor` watches it. Loads no model: it looks for the folder,
    the module and the packages that the similarity will need.
    """
    if not uses_darling(config) and OmegaConf.select(config, "darling") is None:
        return
    settings = read_settings(config)
    if not is_watched(config, settings):
        logger.warning(
            "darling: settings have no effect with algorithm.adv_estimator=%s; set algorithm.adv_estimator=darling, "
            "darling.reward=true to give this estimator the fused reward, or darling.monitor=true to log diversity.",
            config.algorithm.adv_estimator,
        )
        return
    check_verl_version()
    _check_rollouts(config)
    _check_quality(config, settings)
    objective = settings.build_objective()
    _check_reward(config, settings, objective)
    _check_filter(config, settings)
    _check_std(config, settings, objective, given_overrides())
    if config.algorithm.use_kl_in_reward and uses_darling(config) and not objective.centered:
        raise ConfigError(
            f"algorithm.use_kl_in_reward=true: the advantages of darling.objective={settings.objective} are not "
            "rewards minus their mean, so a penalty cannot be part of the reward. Set "
            "algorithm.use_kl_in_reward=false, and actor_rollout_ref.actor.use_kl_loss=true for a KL loss instead."
        )
    if needs_similarity(objective):
        check_backend(settings.similarity.build(), settings.service)
    elif settings.service.urls:
        raise ConfigError(
            f"darling.service.urls={settings.service.urls}: these servers would not be used, because "
            f"darling.objective={settings.objective} needs no similarity. Leave darling.service.urls out."
        )


def _check_rollouts(config: DictConfig) -> None:
    n: Any = config.actor_rollout_ref.rollout.n
    if n < 2:
        raise ConfigError(
            f"actor_rollout_ref.rollout.n={n}: a response's diversity is measured against its siblings, so DARLING "
            "needs at least two responses per prompt. Set actor_rollout_ref.rollout.n=8 (the paper's value)."
        )


def _check_quality(config: DictConfig, settings: DarlingSettings) -> None:
    manager = OmegaConf.select(config, "reward.reward_manager.name")
    if settings.quality.verifier != "verl" and manager != REWARD_MANAGER:
        raise ConfigError(
            f"darling.quality.verifier={settings.quality.verifier}: only the reward manager {REWARD_MANAGER!r} reads "
            f"it, and reward.reward_manager.name={manager}. Set reward.reward_manager.name={REWARD_MANAGER}."
        )


def _check_reward(config: DictConfig, settings: DarlingSettings, objective: Objective) -> None:
    """`darling.reward=true`: the fused reward for another estimator."""
    if not settings.reward:
        return
    estimator = str(config.algorithm.adv_estimator)
    if uses_darling(config):
        raise ConfigError(
            "darling.reward=true: algorithm.adv_estimator=darling already uses the fused reward. Set "
            "darling.reward=false, or algorithm.adv_estimator to the estimator that should use it, such as rloo."
        )
    if settings.monitor:
        raise ConfigError(
            "darling.reward=true and darling.monitor=true: monitor does not change rewards. Set one of them to false."
        )
    if estimator == "gdpo":
        raise ConfigError(
            "darling.reward=true: algorithm.adv_estimator=gdpo reads the reward function's components and not the "
            "reward. Set algorithm.adv_estimator=darling or grpo."
        )
    if settings.advantage.normalize_by_std:
        raise ConfigError(
            f"darling.advantage.normalize_by_std=true: with darling.reward=true, {estimator} computes the "
            "advantages. Set it to false. For grpo, set algorithm.norm_adv_by_std_in_grpo instead."
        )
    if not objective.centered:
        raise ConfigError(
            f"darling.reward=true: the advantages of darling.objective={settings.objective} are not rewards minus "
            f"their mean, so {estimator} cannot compute them from a reward. Set darling.reward=false and "
            "algorithm.adv_estimator=darling."
        )


def _check_filter(config: DictConfig, settings: DarlingSettings) -> None:
    """DAPO's group filter drops groups in which a metric is the same for all: all-correct ones with verl's metrics."""
    groups = OmegaConf.select(config, "algorithm.filter_groups")
    if groups is None or not groups.get("enable", False):
        return
    changes = (uses_darling(config) or settings.reward) and settings.objective != "grpo"
    if changes and groups.get("metric") != ANY_CORRECT:
        raise ConfigError(
            f"algorithm.filter_groups.metric={groups.get('metric')}: it drops the groups whose responses are all "
            "correct, and DARLING learns diversity from those groups. Set "
            f"algorithm.filter_groups.metric={ANY_CORRECT}, which only drops the groups without a correct response, or "
            "algorithm.filter_groups.enable=false."
        )
    if groups.get("metric") == ANY_CORRECT and has_reward_model(config):
        raise ConfigError(
            f"algorithm.filter_groups.metric={ANY_CORRECT}: a reward model does not say which responses are correct. "
            "Set algorithm.filter_groups.enable=false."
        )


def given_overrides() -> list[str]:
    """The command line's overrides, in the process that Hydra started; none elsewhere, where they are not known."""
    from hydra.core.hydra_config import HydraConfig

    return list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []


def _check_std(config: DictConfig, settings: DarlingSettings, objective: Objective, overrides: Sequence[str]) -> None:
    """verl's `norm_adv_by_std_in_grpo` is not read by the estimator `darling`: say so, and refuse a contradiction.

    verl's default is true, and cannot be told from a true that somebody set, except on the command line.
    """
    if not uses_darling(config):
        return
    key = "algorithm.norm_adv_by_std_in_grpo"
    theirs = OmegaConf.select(config, key)
    ours = bool(getattr(objective, "normalize_by_std", False))
    if theirs is None or bool(theirs) == ours:
        return
    if not theirs or any(override.lstrip("+").startswith(f"{key}=") for override in overrides):
        raise ConfigError(
            f"{key}={str(bool(theirs)).lower()}: algorithm.adv_estimator=darling does not read it, and "
            f"darling.advantage.normalize_by_std={str(ours).lower()} says the opposite. Set "
            f"darling.advantage.normalize_by_std={str(bool(theirs)).lower()}, or leave {key} at verl's default."
        )
    logger.info(
        "darling: advantages are not divided by the group's standard deviation (darling.advantage.normalize_by_std="
        "false); verl's %s applies to its grpo only.",
        key,
    )
