"""Overrides → the whole configuration of a job, as `python -m verl.trainer.main_ppo` composes it."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from darling_plugin.errors import ConfigError
from darling_plugin.tools.overrides import as_overrides


def compose_job(overrides: Sequence[str]) -> DictConfig:
    """verl's `ppo_trainer` with the overrides; `+darling=NAME` is found as in a job. Raises `ConfigError`."""
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    _add_working_directory()
    try:
        with initialize_config_module("verl.trainer.config", version_base=None):
            config = compose("ppo_trainer", overrides=list(overrides))
        OmegaConf.to_container(config, resolve=True)  # an interpolation of nothing stops verl in its task runner
        return config
    except (HydraException, OmegaConfBaseException) as error:
        hints = list(_hints(overrides))
        if hints:
            raise ConfigError("\n".join(hints)) from error
        said = re.sub(r"\s*\n\s*", " ", str(error)).strip()
        raise ConfigError(f"overrides: Hydra cannot compose the job: {said}") from error


def keys_of(overrides: Sequence[str]) -> set[str]:
    """The full paths that the overrides set themselves."""
    return {override.split("=", 1)[0].lstrip("+~") for override in overrides if "=" in override}


def _add_working_directory() -> None:
    """`python -m verl.trainer.main_ppo` imports modules of the working directory, and an installed command does not."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)


def _hints(overrides: Sequence[str]) -> Iterator[str]:
    """For each override that Hydra refuses because of its key: what to write instead."""
    group = any(override.startswith("+darling=") for override in overrides)
    verl, darling = _keys_of_verl(), _keys_of_darling()
    for override in overrides:
        key, _, value = override.partition("=")
        key = key.strip()
        name, known = key.lstrip("+~"), (*verl, *darling)
        if name == "darling" or not value or key.startswith("~") or "/" in name or "@" in name:
            continue
        if name not in known and not key.startswith("+"):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"To add a setting of your own: +{override}."
            yield f"{name}: verl has no such setting. {hint}"
        elif name in darling and not group and not key.startswith("+"):
            yield f"{name}: needs +darling=NAME. Write {as_overrides({name: value})[0]}, or add +darling=base."
        elif name in darling and group and key.startswith("+") and not key.startswith("++"):
            yield f"{name}: +darling=NAME already adds it. Write {name}={value} to change it."


def _keys_of_verl() -> list[str]:
    from hydra import compose, initialize_config_module

    with initialize_config_module("verl.trainer.config", version_base=None):
        return list(_paths(OmegaConf.to_container(compose("ppo_trainer"), resolve=False)))


def _keys_of_darling() -> list[str]:
    from darling_plugin.config import DarlingSettings

    return list(_paths({"darling": DarlingSettings().model_dump()}))


def _paths(node: Any, above: str = "") -> Iterator[str]:
    """All dotted paths, of sections and of values."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            path = f"{above}.{name}" if above else str(name)
            yield path
            yield from _paths(value, path)
