"""What a training shows: one progress bar with loss and AUC, or nothing; what the libraries draw and print is off."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from darling_plugin.progress import Advance


@contextmanager
def hushed(quiet: bool) -> Iterator[None]:
    """Without the bars that transformers and the hub's client draw for each load and save; the old settings return.

    With `quiet`, without the libraries' warnings too: a pair model's new head, say, is one line of theirs per load.
    """
    from transformers.utils import logging as transformers_logging

    bars, verbosity = transformers_logging.is_progress_bar_enabled(), transformers_logging.get_verbosity()
    encoders = logging.getLogger("sentence_transformers")
    level = encoders.level
    transformers_logging.disable_progress_bar()
    encoders.setLevel(logging.ERROR if quiet else logging.WARNING)
    if quiet:
        transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        encoders.setLevel(level)
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


class NoModelCard:
    """In front of a sentence-transformers trainer: no README is made up, for which it searches the pairs for examples.

    The folder's own card (card.py) says what a reader needs.
    """

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        return


def mute(trainer: Any) -> None:
    """No `{'loss': …}` lines: the log is in history.json and in TensorBoard."""
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)


def bar_callback(advance: Advance) -> Any:
    """Moves a bar (progress.py) with the steps; its note is the latest loss, and the AUC once there is one."""
    from transformers import TrainerCallback

    notes: dict[str, str] = {}

    class Bar(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            advance(state.global_step)  # above 0 when resumed

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            advance(note=", ".join(notes.values()))

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            for key, label in (("loss", "loss"), ("eval_auc", "AUC")):
                if logs and key in logs:
                    notes[key] = f"{label} {logs[key]:.3f}"

    return Bar()
