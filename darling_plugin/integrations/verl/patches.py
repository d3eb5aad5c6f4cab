"""Every change to a verl internal that has no registry. All for verl 0.9.1."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any


def wrap_function(module: ModuleType, name: str, wrapper: Callable[..., Any]) -> None:
    """Put wrapper(wrapped, None, args, kwargs) in the place of a module's function.

    A plain function of the same name, not wrapt's proxy: Ray pickles an actor class such as verl's V0 `TaskRunner` with
    the functions that its methods call. A plain function is pickled by its name; a proxy cannot be pickled.
    """
    wrapped = getattr(module, name)

    @functools.wraps(wrapped)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return wrapper(wrapped, None, args, kwargs)

    setattr(module, name, plain)


def validate_at_launch(config_module: ModuleType) -> None:
    """Check the `darling:` node together with verl's own `validate_config`.

    verl 0.9.1: `verl.trainer.main_ppo` calls `verl.utils.config.validate_config` in the driver, before Ray starts, for
    both trainers. A plugin has no hook there, and an error in the trainer's constructor comes a minute later, from a
    Ray actor. A list of validators that plugins can append to would remove this patch.
    """

    def validate(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from darling_plugin.integrations.verl.validate import validate_job

        config = kwargs["config"] if "config" in kwargs else args[0]
        validate_job(config)
        return wrapped(*args, **kwargs)

    wrap_function(config_module, "validate_config", validate)


def reward_any_estimator(trainer_base: ModuleType) -> None:
    """Give any estimator the fused reward (`darling.reward=true`).

    verl 0.9.1: `_compute_advantage` makes the padded batch, adds its KL penalty, and calls this function, which gives
    the estimator no more than scores. A hook between the two would remove this patch.
    """

    def compute(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from darling_plugin.integrations.verl.estimator import add_gain

        add_gain(kwargs["data"] if "data" in kwargs else args[0])
        return wrapped(*args, **kwargs)

    wrap_function(trainer_base, "compute_advantage_for_multi_trajectories", compute)


def serve_encoders(rollout_utils: ModuleType) -> None:
    """Let verl's vLLM servers hold a classifier that is an encoder, such as ModernBERT.

    verl 0.9.1 masks illegal tokens in every model that it serves (`monkey_patch_compute_logits`), a reward model's too,
    and an encoder gives no logits to mask: the server ends with an AttributeError. Leaving models without
    `compute_logits` alone would remove this patch.
    """

    def mask(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        model = kwargs["model"] if "model" in kwargs else args[0]
        return wrapped(*args, **kwargs) if hasattr(model, "compute_logits") else None

    wrap_function(rollout_utils, "monkey_patch_compute_logits", mask)
