"""What a run writes beside OpenRLHF's checkpoints, as `darling report` reads it.

<ckpt.path>/metrics/<time of the start>.jsonl      what each step logged, one file for each start of the job
<ckpt.path>/darling_samples/step_000001.jsonl      whole groups of a step
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from darling_plugin import samples
from darling_plugin.config import SampleSettings
from darling_plugin.rollouts import Rollouts, StepResult

# OpenRLHF's names that `darling report` knows by verl's.
NAMES = {
    "rollout/response_length_mean": "response_length/mean",
    "entropy_loss": "actor/entropy",
    "timing/step_total": "timing_s/step",
}


class RunFiles:
    """The files of one start of the job. Nothing is written before the first step."""

    def __init__(self, settings: SampleSettings, checkpoint_folder: str):
        self._settings = settings
        self._folder = Path(checkpoint_folder)
        self._metrics = self._folder / "metrics" / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.jsonl"

    def write_metrics(self, step: int, status: Mapping[str, Any]) -> None:
        """One line with every number of what OpenRLHF logs for the step."""
        numbers = {_name(key): value for key, value in status.items() if isinstance(value, int | float)}
        self._metrics.parent.mkdir(parents=True, exist_ok=True)
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step} | numbers) + "\n")

    def write_samples(self, step: int, rollouts: Rollouts, prompts: Sequence[str], result: StepResult) -> None:
        """Whole groups, in the steps that `darling.samples` names."""
        if not samples.due(step, self._settings):
            return
        chosen = samples.choose_rows(rollouts.uid, self._settings.groups)
        found = samples.records(step, chosen, [prompts[row] for row in chosen], rollouts.texts, result)
        samples.write(found, samples.folder(self._settings, self._folder), step)


def _name(key: str) -> str:
    if key in NAMES:
        return NAMES[key]
    return f"timing_s/{key.removeprefix('timing/')}" if key.startswith("timing/") else key
