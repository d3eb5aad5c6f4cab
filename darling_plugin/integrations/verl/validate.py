"""A job's configuration, checked before Ray is started or a GPU taken."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.versions import check_verl_version
from darling_plugin.service.build import check_backend
from darling_plugin.step import needs_similarity

logger = logging.getLogger(__name__)

ESTIMATOR = "darling"
REWARD_MANAGER = "darling"


def uses_darling(config: DictConfig) -> bool:
    """Whether the job trains with this plugin's estimator."""
    return str(OmegaConf.select(config, "algorithm.adv_estimator")) == ESTIMATOR


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
    the module and the packages that the judge will need.
    """
    if not uses_darling(config) and OmegaConf.select(config, "darling") is None:
        return
    settings = read_settings(config)
    if not (uses_darling(config) or settings.monitor):
        logger.warning(
            "darling: settings have no effect with algorithm.adv_estimator=%s; "
            "set algorithm.adv_estimator=darling, or darling.monitor=true to log diversity only.",
            config.algorithm.adv_estimator,
        )
        return
    check_verl_version()
    _check_trainer(config)
    _check_rollouts(config)
    _check_quality(config, settings)
    objective = settings.build_objective()
    if config.algorithm.use_kl_in_reward and uses_darling(config) and not objective.centered:
        raise ConfigError(
            f"algorithm.use_kl_in_reward=true: the advantages of darling.objective={settings.objective} are not "
            "rewards minus their mean, so a penalty cannot be a part of the reward. Set "
            "algorithm.use_kl_in_reward=false, and actor_rollout_ref.actor.use_kl_loss=true for a KL loss instead."
        )
    if needs_similarity(objective):
        check_backend(settings.similarity.build(), settings.service)
    elif settings.service.urls:
        raise ConfigError(
            f"darling.service.urls={settings.service.urls}: nobody would ask these servers, as "
            f"darling.objective={settings.objective} needs no similarity. Leave darling.service.urls out."
        )


def _check_trainer(config: DictConfig) -> None:
    if not config.trainer.use_v1:
        raise ConfigError(
            "trainer.use_v1=false: DARLING needs verl's V1 trainer; the V0 trainer is deprecated and has no hook "
            "for group rewards. Set trainer.use_v1=true."
        )


def _check_rollouts(config: DictConfig) -> None:
    n: Any = config.actor_rollout_ref.rollout.n
    if n < 2:
        raise ConfigError(
            f"actor_rollout_ref.rollout.n={n}: a response's diversity is measured against its siblings, so DARLING "
            "needs at least two responses a prompt. Set actor_rollout_ref.rollout.n=8 (the paper's value)."
        )


def _check_quality(config: DictConfig, settings: DarlingSettings) -> None:
    manager = config.reward.reward_manager.name
    if settings.quality.verifier != "verl" and manager != REWARD_MANAGER:
        raise ConfigError(
            f"darling.quality.verifier={settings.quality.verifier}: only the reward manager {REWARD_MANAGER!r} reads "
            f"it, and reward.reward_manager.name={manager}. Set reward.reward_manager.name={REWARD_MANAGER}."
        )
