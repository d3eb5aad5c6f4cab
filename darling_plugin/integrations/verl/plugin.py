"""The front door: verl's entry-point group `verl.plugins` names this module.

`import verl` loads it in every process of a job, and never calls anything in it. So it registers post-import hooks and
stays light: each part of the plugin is imported when, and only where, the part of verl that it extends is imported.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from types import ModuleType

logger = logging.getLogger(__name__)


def _estimator(_: ModuleType) -> None:
    from darling_plugin.integrations.verl import estimator

    estimator.register()


def _reward_manager(_: ModuleType) -> None:
    from darling_plugin.integrations.verl import reward_manager, streaming

    reward_manager.register()
    streaming.wrap_managers()


def _rewards(module: ModuleType) -> None:
    from darling_plugin.integrations.verl import patches

    patches.reward_any_estimator(module)


def _v0(module: ModuleType) -> None:
    from darling_plugin.integrations.verl import v0

    v0.wrap(module)


def _v0_metrics(module: ModuleType) -> None:
    from darling_plugin.integrations.verl import v0

    v0.wrap_metrics(module)


def _trainers(_: ModuleType) -> None:
    from darling_plugin.integrations.verl import trainer

    trainer.wrap_trainers()


def _validation(module: ModuleType) -> None:
    from darling_plugin.integrations.verl import patches

    patches.validate_at_launch(module)


def _servers(module: ModuleType) -> None:
    from darling_plugin.integrations.verl import patches

    patches.serve_encoders(module)


HOOKS: dict[str, Callable[[ModuleType], None]] = {
    "verl.trainer.ppo.core_algos": _estimator,
    "verl.experimental.reward_loop.reward_manager": _reward_manager,
    "verl.trainer.ppo.v1.trainer_base": _rewards,
    "verl.trainer.ppo.v1": _trainers,
    "verl.trainer.ppo.ray_trainer": _v0,
    "verl.trainer.ppo.metric_utils": _v0_metrics,
    "verl.utils.config": _validation,
    "verl.workers.rollout.vllm_rollout.utils": _servers,
}


def _install() -> None:
    from wrapt import register_post_import_hook

    # As verl's modules do, each for itself: what was chosen for the user is said at INFO.
    logging.getLogger("darling_plugin").setLevel(os.environ.get("VERL_LOGGING_LEVEL", "INFO"))
    for name, hook in HOOKS.items():
        register_post_import_hook(hook, name)
    if os.environ.get("VERL_PLATFORM", "").strip().lower() == "cpu":
        from darling_plugin import cpu

        cpu.install()


try:
    _install()
except Exception:
    # verl logs a plugin that fails to load at debug level and continues without it: make it visible here.
    logger.exception("darling-plugin could not be loaded into verl; run `darling doctor`")
    raise
