"""Whole groups of a step, to be read by people: JSON lines, one file a step, and a table where the logger has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.config import SampleSettings
from darling_plugin.integrations.verl.rollouts import BatchRows
from darling_plugin.json_lines import dump_line
from darling_plugin.step import StepResult

PUNCTUATION = re.compile(r"""[!-/:-@\[-`{-~]""")
COLUMNS = ("step", "uid", "prompt", "response", "class", "quality", "diversity", "reward", "advantage")


def due(step: int, settings: SampleSettings) -> bool:
    """Whether samples are written in this step: the first one, and then each `every` steps."""
    return settings.every > 0 and (step == 1 or step % settings.every == 0)


def choose_rows(uid: np.ndarray, groups: int) -> np.ndarray:
    """The rows of the first `groups` prompts of a batch, group by group."""
    members: dict[Any, list[int]] = {}
    for row, name in enumerate(uid):
        members.setdefault(name, []).append(row)
    return np.asarray([row for rows in list(members.values())[:groups] for row in rows], dtype=np.int64)


def records(
    step: int, chosen: np.ndarray, prompts: list[str], rows: BatchRows, result: StepResult
) -> list[dict[str, Any]]:
    """One record per chosen response; `class` and `diversity` are null where the objective has none."""
    return [
        {
            "step": step,
            "uid": str(rows.uid[i]),
            "prompt": prompt,
            "response": rows.responses[i],
            "class": None if result.labels is None else int(result.labels[i]),
            "quality": float(rows.quality[i]),
            "diversity": None if result.diversity is None else float(result.diversity[i]),
            "reward": float(result.rewards[i]),
            "advantage": float(result.advantages[i]),
        }
        for i, prompt in zip(chosen, prompts, strict=True)
    ]


def folder(settings: SampleSettings, checkpoint_folder: str) -> Path:
    """Where the files go."""
    return Path(settings.folder or Path(checkpoint_folder) / "darling_samples")


def write(rows: list[dict[str, Any]], to: Path, step: int) -> Path:
    """Write one file for the step; a resumed run that repeats the step replaces it."""
    to.mkdir(parents=True, exist_ok=True)
    path = to / f"step_{step:06d}.jsonl"
    path.write_bytes(b"".join(map(dump_line, rows)))
    return path


def log_table(rows: list[dict[str, Any]], tracking: Any, step: int) -> None:
    """Send the records to those of verl's loggers that show tables: wandb, and TensorBoard as text."""
    backends = getattr(tracking, "logger", {})
    values = [[row[column] for column in COLUMNS] for row in rows]
    if "wandb" in backends:
        import wandb

        wandb.log({"darling/samples": wandb.Table(columns=list(COLUMNS), data=values)}, step=step)
    if "tensorboard" in backends:
        backends["tensorboard"].writer.add_text("darling/samples", _markdown(values), step)


def _markdown(values: list[list[Any]]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in values]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    # Model text is data: every ASCII sign becomes its HTML entity, so that none of them is Markdown or HTML.
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.splitlines()))
