"""Whole groups of a step, to be read by people: JSON lines, one file a step. `darling report` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.config import SampleSettings
from darling_plugin.core.groups import Uid, group_rows
from darling_plugin.json_lines import dump_line
from darling_plugin.rollouts import StepResult

COLUMNS = ("step", "uid", "prompt", "response", "class", "quality", "diversity", "reward", "advantage")


def due(step: int, settings: SampleSettings) -> bool:
    """Whether samples are written in this step: the first one, and then each `every` steps."""
    return settings.every > 0 and (step == 1 or step % settings.every == 0)


def choose_rows(uid: Uid, groups: int) -> np.ndarray:
    """The rows of the first `groups` prompts of a batch, group by group."""
    return np.asarray([row for rows in group_rows(uid).rows[:groups] for row in rows], dtype=np.int64)


def records(
    step: int, chosen: np.ndarray, prompts: Sequence[str], responses: Sequence[str], result: StepResult
) -> list[dict[str, Any]]:
    """One record per chosen response; `class` and `diversity` are null where the objective has none.

    `advantage` is the step's own: what trains, unless `darling.monitor` watches another estimator or verl takes a KL
    penalty off the reward, whose centered share is then missing here.

    Args:
        chosen: rows of the batch. prompts: one per chosen row. responses: one per row of the batch.
    """
    return [
        {
            "step": step,
            "uid": str(result.uid[i]),
            "prompt": prompt,
            "response": responses[i],
            "class": None if result.labels is None else int(result.labels[i]),
            "quality": float(result.quality[i]),
            "diversity": None if result.diversity is None else float(result.diversity[i]),
            "reward": float(result.rewards[i]),
            "advantage": float(result.advantages[i]),
        }
        for i, prompt in zip(chosen, prompts, strict=True)
    ]


def folder(settings: SampleSettings, checkpoint_folder: str | Path) -> Path:
    """Where the files go."""
    return Path(settings.folder or Path(checkpoint_folder) / "darling_samples")


def write(rows: list[dict[str, Any]], to: Path, step: int) -> Path:
    """Write one file for the step; a resumed run that repeats the step replaces it."""
    to.mkdir(parents=True, exist_ok=True)
    path = to / f"step_{step:06d}.jsonl"
    path.write_bytes(b"".join(map(dump_line, rows)))
    return path
