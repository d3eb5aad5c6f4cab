"""Overrides → the whole configuration of a job, as `python -m verl.trainer.main_ppo` composes it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from darling_plugin.errors import ConfigError


def compose_job(overrides: Sequence[str]) -> DictConfig:
    """verl's `ppo_trainer` with the overrides; `+darling=NAME` is found as in a job. Raises `ConfigError`."""
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_module("verl.trainer.config", version_base=None):
            config = compose("ppo_trainer", overrides=list(overrides))
        OmegaConf.to_container(config, resolve=True)  # an interpolation of nothing stops verl in its task runner
        return config
    except (HydraException, OmegaConfBaseException) as error:
        said = re.sub(r"\s*\n\s*", " ", str(error)).strip()
        raise ConfigError(f"overrides: Hydra cannot compose the job: {said}") from error


def keys_of(overrides: Sequence[str]) -> set[str]:
    """The full paths that the overrides set themselves."""
    return {override.split("=", 1)[0].lstrip("+~") for override in overrides if "=" in override}
