"""verl's own validation, which `main_ppo` runs too, and the dataclasses that it makes later, in its workers."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from omegaconf import DictConfig, OmegaConf

from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import ROLLOUT, Job

# Those that need no model and no GPU. `reward` is not one: verl 0.9.1 cannot make its RewardManagerConfig.
DATACLASSES = ("algorithm", ROLLOUT)
# What verl's messages call a setting, longest first → where it is.
CALLED = {
    "log_prob_micro_batch_size": f"{ROLLOUT}.log_prob_micro_batch_size_per_gpu",
    "ppo_micro_batch_size": "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu",
    "ulysses_sequence_parallel_size": "actor_rollout_ref.actor.ulysses_sequence_parallel_size",
    "use_remove_padding": "actor_rollout_ref.model.use_remove_padding",
    "ppo_mini_batch_size": "actor_rollout_ref.actor.ppo_mini_batch_size",
    "loss_agg_mode": "actor_rollout_ref.actor.loss_agg_mode",
    "real_train_batch_size": "data.train_batch_size",
    "train_batch_size": "data.train_batch_size",
    "temperature": f"{ROLLOUT}.temperature",
    "n_gpus": "trainer.n_gpus_per_node",
    "lora": "actor_rollout_ref.model.lora_rank",
}


def check(job: Job) -> Iterator[Finding]:
    """One finding for `validate_config`, for each dataclass, for the manager: verl stops at the first fault of each."""
    from verl.utils.config import omega_conf_to_dataclass

    yield from _asked(job, "verl", lambda: _validate(job.config))
    for node in DATACLASSES:
        yield from _asked(job, node, lambda node=node: omega_conf_to_dataclass(job[node]))  # type: ignore[misc]
    yield from _manager(job)


def _manager(job: Job) -> Iterator[Finding]:
    from verl.experimental.reward_loop.reward_manager import registry

    key = "reward.reward_manager.name"
    if job["reward.reward_manager.source"] == "register" and job[key] not in registry.REWARD_MANAGER:
        names = ", ".join(sorted(registry.REWARD_MANAGER))
        yield Finding(key, job[key], f"verl has no such reward manager; it has {names}.", "Set it to darling.")


def _validate(config: DictConfig) -> None:
    from verl.trainer.ppo.utils import need_critic, need_reference_policy
    from verl.utils.config import validate_config

    # Without the plugin's own check round it: `plugin.py` makes that one.
    inspect.unwrap(validate_config)(
        config=config, use_reference_policy=need_reference_policy(config), use_critic=need_critic(config)
    )


def _asked(job: Job, key: str, ask: Callable[[], Any]) -> Iterator[Finding]:
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")  # verl's advice on its defaults is no finding about this job
            ask()
    except ModuleNotFoundError as error:
        yield Finding(key, "", f"verl's check needs {error.name}, which is not installed here", level="not checked")
    except (
        AssertionError,
        ValueError,
        TypeError,
        NotImplementedError,
        HydraException,
        OmegaConfBaseException,
    ) as error:
        message = " ".join(str(error).split())
        named = _key(message) or key
        value = "" if named == "verl" or OmegaConf.is_config(job[named]) else job[named]
        yield Finding(named, value, f"verl says: {message}")


def _key(message: str) -> str | None:
    """The setting that a message is about: the one that is missing, one that it names, or the node it is about."""
    if missing := re.search(r"Missing mandatory value: ([\w.]+)", message):
        return missing.group(1)
    if named := next((key for name, key in CALLED.items() if re.search(rf"\b{name}", message)), None):
        return named
    node = re.search(r"full_key: ([\w.]+)", message)
    return node.group(1) if node else None
