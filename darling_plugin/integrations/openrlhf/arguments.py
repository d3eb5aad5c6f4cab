"""Checks of the arguments before a job starts, and `--help`. Imports nothing of OpenRLHF or Ray."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.command_line import PREFIX
from darling_plugin.integrations.versions import OPENRLHF
from darling_plugin.service.build import check_backend
from darling_plugin.step import needs_similarity

SETTINGS = "DARLING_OPENRLHF"  # the environment variable that carries the node to Ray's workers, as JSON
ESTIMATORS = ("dr_grpo", "rloo")

# Settings without a meaning here, by their path below `darling`: why.
REFUSED = {
    "quality.verifier": "quality comes from --reward.remote_url, --train.agent_func_path or a reward model",
    "quality.timeout_s": "quality comes from --reward.remote_url, --train.agent_func_path or a reward model",
}


def check_job(node: Mapping[str, Any], arguments: Sequence[str]) -> list[str]:
    """What the user should know about this job, one sentence each.

    Loads no model: it looks for the folder, the module and the packages that the similarity will need. Raises
    `ConfigError` for whatever would stop the job later, or make it train on something other than the settings say.
    """
    OPENRLHF.check_installed()
    settings = parse_settings(node)
    _refuse(node, settings)
    objective = settings.build_objective()
    if needs_similarity(objective):
        check_backend(settings.similarity.build(), settings.service)
    job = _read(arguments)
    n = job["rollout.n_samples_per_prompt"]
    if n < 2:
        raise ConfigError(
            f"--rollout.n_samples_per_prompt {n}: a response's diversity is measured against its siblings, so DARLING "
            "needs at least two responses per prompt. Set --rollout.n_samples_per_prompt 8 (the paper's value)."
        )
    if settings.monitor:
        return ["darling.monitor=true: darling/* is logged; rewards and advantages are OpenRLHF's own."]
    _check_estimator(job, objective.centered, settings)
    return _notes(job, objective.centered)


def _check_estimator(job: Mapping[str, Any], centered: bool, settings: DarlingSettings) -> None:
    estimator = job["algo.advantage.estimator"]
    if estimator not in ESTIMATORS:
        raise ConfigError(
            f"--algo.advantage.estimator {estimator}: DARLING's advantage is the reward minus the group's mean, "
            "without a standard deviation. Set --algo.advantage.estimator dr_grpo, or --darling.monitor true to log "
            "diversity only."
        )
    if centered:
        return
    places = f"darling.objective={settings.objective}: its advantages are not rewards minus their mean"
    if estimator != "dr_grpo":
        raise ConfigError(f"--algo.advantage.estimator {estimator}: {places}. Set --algo.advantage.estimator dr_grpo.")
    if job["algo.kl.init_coef"] > 0 and not job["algo.kl.use_loss"]:
        raise ConfigError(
            f"--algo.kl.init_coef {job['algo.kl.init_coef']:g}: {places}, so a penalty cannot be part of the reward. "
            "Set --algo.kl.init_coef 0, or --algo.kl.use_loss for a KL loss instead."
        )
    for name in ("reward.overlong_buffer_len", "reward.stop_properly_penalty_coef"):
        if job[name] is not None:
            raise ConfigError(
                f"--{name} {job[name]:g}: {places}, so OpenRLHF's penalty would not reach them. Leave it out, and "
                "subtract the penalty in the reward function."
            )


def _notes(job: Mapping[str, Any], centered: bool) -> list[str]:
    n: int = job["rollout.n_samples_per_prompt"]
    low, high = job["reward.clip_range"]
    notes = [f"--reward.clip_range {low:g} {high:g}: advantages are clipped to this range."]
    if job["algo.advantage.estimator"] == "rloo":
        notes.append(
            f"--algo.advantage.estimator rloo: advantages are n/(n − 1) = {n / (n - 1):.4g} times DARLING's; dr_grpo "
            "gives exactly DARLING's."
        )
    if job["algo.kl.init_coef"] > 0:
        where = "the loss" if job["algo.kl.use_loss"] else "the advantages"
        notes.append(
            f"--algo.kl.init_coef {job['algo.kl.init_coef']:g}: a KL penalty is part of {where}; the paper uses none "
            "(--algo.kl.init_coef 0)."
        )
    if centered and job["reward.overlong_buffer_len"] is not None:
        notes.append(
            f"--reward.overlong_buffer_len {job['reward.overlong_buffer_len']:g}: OpenRLHF adds this penalty to the "
            "reward, after quality was multiplied by diversity."
        )
    return notes


def _refuse(node: Mapping[str, Any], settings: DarlingSettings) -> None:
    for path, why in REFUSED.items():
        section, name = path.split(".")
        if name in node.get(section, {}):
            raise ConfigError(f"darling.{path}: has no effect in OpenRLHF, where {why}. Leave it out.")
    if settings.service.backend == "vllm":
        raise ConfigError(
            "darling.service.backend=vllm: only verl launches these servers. Start them yourself, and set "
            "darling.service.urls; or set darling.service.backend=ray."
        )
    given = [name for name in node.get("service", {}) if name != "backend"]
    if given and settings.service.backend in ("auto", "local") and not settings.service.urls:
        raise ConfigError(
            f"darling.service.{given[0]}: has no effect, because the similarity runs in the trainer's process. Set "
            "darling.service.backend=ray as well, or leave it out."
        )


def openrlhf_parser() -> argparse.ArgumentParser:
    """Those of OpenRLHF's arguments that are looked at, with its defaults (0.11.2)."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--algo.advantage.estimator", default="gae")
    parser.add_argument("--algo.kl.init_coef", type=float, default=0.01)
    parser.add_argument("--algo.kl.use_loss", action="store_true", default=False)
    parser.add_argument("--reward.clip_range", type=float, nargs=2, default=(-10, 10))
    parser.add_argument("--reward.overlong_buffer_len", type=float, default=None)
    parser.add_argument("--reward.stop_properly_penalty_coef", type=float, default=None)
    parser.add_argument("--rollout.n_samples_per_prompt", type=int, default=1)
    return parser


def _read(arguments: Sequence[str]) -> dict[str, Any]:
    return vars(openrlhf_parser().parse_known_args(list(arguments))[0])


def help_text() -> str:
    """What `--help` prints: the settings of DARLING, with their defaults."""
    lines = [f"  {PREFIX}{path} {_yaml(default)}\n      {description}" for path, default, description in _settings()]
    return (
        "usage: python -m darling_plugin.integrations.openrlhf ARGUMENTS [--darling.SETTING VALUE ...]\n\n"
        "Runs openrlhf.cli.train_ppo_ray with DARLING between its rewards and its advantages.\n"
        "ARGUMENTS are OpenRLHF's own (python -m openrlhf.cli.train_ppo_ray --help). Set these:\n\n"
        "  --algo.advantage.estimator dr_grpo\n"
        "  --rollout.n_samples_per_prompt 8     or any number of at least 2\n"
        "  --algo.kl.init_coef 0                unless you want a KL penalty (the paper uses none)\n\n"
        "Settings of DARLING, with their defaults:\n\n" + "\n".join(lines)
    )


def _yaml(value: Any) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value)


def _settings(model: type[BaseModel] = DarlingSettings, above: str = "") -> Iterator[tuple[str, Any, str]]:
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{path}.")
        elif path == "options":
            yield "options.NAME", None, "an option of the objective's own"
        elif path not in REFUSED:
            yield path, field.get_default(call_default_factory=True), field.description or ""
