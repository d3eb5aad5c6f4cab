"""What Ray runs at the start of each worker process of the job: DARLING is put into OpenRLHF where that is imported.

Made for OpenRLHF 0.11.2, which has no registry: `BasePPOTrainer` names the experience maker's class, and has no
callbacks. A setting for that class, and callbacks for a step and a checkpoint, would remove this file. Methods of
`BasePPOTrainer` are replaced in place: Ray sends the trainers' classes by value, and their base by name.
"""

from __future__ import annotations

from functools import wraps
from types import ModuleType
from typing import Any

STATE = "darling"  # its name among the client states of OpenRLHF's checkpoints


def install() -> None:
    """Wait for OpenRLHF's trainer, which most workers never import: this costs them nothing."""
    from wrapt import register_post_import_hook

    register_post_import_hook(extend_trainer, "openrlhf.trainer.ppo_trainer")


def extend_trainer(module: ModuleType) -> None:
    """The synchronous and the asynchronous trainer share the base class that is changed here."""
    from openrlhf.utils.logging_utils import init_logger

    from darling_plugin.integrations.openrlhf.experience_maker import DarlingExperienceMaker

    init_logger("darling_plugin")  # its messages in OpenRLHF's own log
    module.__dict__["RemoteExperienceMaker"] = DarlingExperienceMaker
    trainer: Any = module.__dict__["BasePPOTrainer"]
    for name, extend in EXTENSIONS.items():
        setattr(trainer, name, extend(getattr(trainer, name)))


def _log_metrics(train_step: Any) -> Any:
    """`darling/*` in the status of each step, which OpenRLHF logs."""

    @wraps(train_step)
    def extended(self: Any, rollout_samples: Any, global_step: int) -> tuple[dict[str, Any], int]:
        self.experience_maker.global_step = global_step + 1
        status, following = train_step(self, rollout_samples, global_step)
        return status | self.experience_maker.darling.metrics(), following

    return extended


def _save_state(save_logs_and_checkpoints: Any) -> Any:
    """The step's state in OpenRLHF's checkpoints, which hold its `client_states`; and the step's line of metrics."""

    @wraps(save_logs_and_checkpoints)
    def extended(self: Any, global_step: int, logs_dict: Any = None, client_states: Any = None) -> None:
        self.experience_maker.files.write_metrics(global_step, logs_dict or {})
        # In place: the checkpoint of the best evaluation is saved later, with the same dictionary.
        client_states = {} if client_states is None else client_states
        client_states[STATE] = self.experience_maker.darling.state_dict()
        save_logs_and_checkpoints(self, global_step, logs_dict, client_states)

    return extended


def _restore_state(init_checkpoint_states: Any) -> Any:
    """The state of the checkpoint that OpenRLHF resumes from; one of a run without DARLING has none."""

    @wraps(init_checkpoint_states)
    def extended(self: Any) -> dict[str, Any]:
        states = init_checkpoint_states(self)
        if STATE in states:
            self.experience_maker.darling.load_state_dict(states[STATE])
        return states

    return extended


EXTENSIONS = {
    "train_step": _log_metrics,
    "save_logs_and_checkpoints": _save_state,
    "init_checkpoint_states": _restore_state,
}
