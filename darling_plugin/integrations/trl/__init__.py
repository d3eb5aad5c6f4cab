"""The adapter for TRL: one object in a GRPO or RLOO script, and DARLING's reward or advantages in TRL's own trainer.

    reward.py      `DarlingReward`, a reward function with the quality functions inside: start here
    trainer.py     `DarlingGRPOTrainer`, for reward models, environments, and objectives that give advantages only
    scorer.py      the step over all processes: gather, score, and this process's part
    shared.py      each group's classes are found by one process, and every process receives them
    quality.py     calls quality functions as TRL does: sync, async, None for "does not apply"
    text.py        what a similarity reads of a completion, and the name of a prompt
    settings.py    the `darling:` node as a dict, and the trainer's own arguments, checked before training
    checkpoint.py  the step's state in TRL's checkpoints

Importing this package imports neither TRL nor torch; `DarlingGRPOTrainer` imports TRL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from darling_plugin.integrations.trl.reward import DarlingReward

if TYPE_CHECKING:
    from darling_plugin.integrations.trl.trainer import DarlingGRPOTrainer

__all__ = ["DarlingGRPOTrainer", "DarlingReward"]


def __getattr__(name: str) -> Any:
    if name == "DarlingGRPOTrainer":
        from darling_plugin.integrations.trl.trainer import DarlingGRPOTrainer

        return DarlingGRPOTrainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
