"""The step's state in TRL's checkpoints: in trainer_state.json, where transformers keeps what callbacks remember.

transformers reads that file before the first step of a resumed run, whatever folder the checkpoint is in.
"""

from __future__ import annotations

from typing import Any

from transformers.trainer_callback import ExportableState, TrainerCallback

from darling_plugin.step import Step


class DarlingState(TrainerCallback, ExportableState):
    """Saves the state of `step` with each checkpoint, and takes it over when a run resumes."""

    def __init__(self, step: Step | None = None):
        self.step = step
        self.saved: dict[str, Any] | None = None
        """Only in a copy that transformers makes (restore_callback_states_from_checkpoint); it has no step."""

    def state(self) -> dict[str, Any]:
        """As transformers saves it: plain JSON values."""
        saved = self.saved if self.step is None else self.step.state_dict()
        return {"args": {}, "attributes": {"saved": saved}}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The state of the checkpoint that the run resumes from; of a new run, its own."""
        self.take_over(state)

    def take_over(self, trainer_state: Any) -> None:
        """Give the step what `trainer_state` holds, and begin to be saved in it."""
        found = trainer_state.stateful_callbacks.get(type(self).__name__)
        if isinstance(found, list):  # transformers lists a class that occurs twice
            found = found[-1] if found else None
        saved = (found or {}).get("attributes", {}).get("saved")
        if self.step is not None and saved is not None:
            self.step.load_state_dict(saved)
        trainer_state.stateful_callbacks[type(self).__name__] = self.state()


def keep_state(trainer: Any, callback: DarlingState) -> None:
    """Attach `callback` to the trainer, unless it is attached; the run may be resumed already."""
    if any(each is callback for each in trainer.callback_handler.callbacks):
        return
    trainer.remove_callback(DarlingState)
    trainer.add_callback(callback)
    callback.take_over(trainer.state)
