"""Sampled groups as tables in verl's loggers. `darling_plugin/samples.py` makes the records."""

from __future__ import annotations

import re
from typing import Any

from darling_plugin.samples import COLUMNS

PUNCTUATION = re.compile(r"""[!-/:-@\[-`{-~]""")


def log_table(rows: list[dict[str, Any]], tracking: Any, step: int) -> None:
    """Send the records to wandb, and to TensorBoard as text."""
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
