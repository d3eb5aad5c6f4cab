"""Exports a checkpoint to a Hugging Face folder with a model card. The output folder is complete or absent."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from darling_plugin.errors import InputError
from darling_plugin.tools.export.card import write_card
from darling_plugin.tools.export.checkpoint import Checkpoint, find_checkpoint
from darling_plugin.tools.export.complete import check_complete
from darling_plugin.tools.export.record import Record, read_record
from darling_plugin.tools.export.weights import Weights, write_weights
from darling_plugin.tools.report.curves import validation_pass_at_k
from darling_plugin.tools.report.document import document
from darling_plugin.tools.report.figures import draw
from darling_plugin.tools.report.runs import Run

CARD, CONFIG, FIGURES = "README.md", "training_config.yaml", "figures"


@dataclass(frozen=True)
class Exported:
    """What was written into `folder`, and what was known of the run."""

    folder: Path
    checkpoint: Checkpoint
    weights: Weights
    record: Record


def export(
    path: Path,
    out: Path,
    *,
    step: int | None = None,
    config: Path | None = None,
    metrics: Path | None = None,
    trust: bool = False,
) -> Exported:
    """Write the checkpoint in `path` into the new folder `out`.

    Args:
        path: a run's folder, a `global_step_N` in it, or its `actor`.
        step: of a run, which one; None is the latest.
        config: the run's configuration; None finds it (`record.py`).
        metrics: the run's metrics; None finds them.
        trust: merge shards that hold more than tensors, which can run any program.

    Raises:
        InputError: `out` exists; there is no such checkpoint; it is not whole; it links to files outside; a shard holds
            more than tensors.
        DarlingError: verl cannot merge it, or what came out is not a whole model.
    """
    if out.exists():
        raise InputError(f"OUT: {out} exists, expected a new folder; name another, or remove it.")
    checkpoint = find_checkpoint(path, step)
    record = read_record(checkpoint.run, checkpoint.step, config=config, metrics=metrics)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    part.mkdir()
    try:
        weights = write_weights(checkpoint, part, trust=trust)
        if weights.base:
            check_complete(part)
        _describe(checkpoint, weights, record, part)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Exported(out, checkpoint, weights, record)


def _describe(checkpoint: Checkpoint, weights: Weights, record: Record, out: Path) -> None:
    text = ""
    if record.config:
        import yaml

        text = yaml.safe_dump(dict(record.config), sort_keys=False, allow_unicode=True)
        (out / CONFIG).write_text(text, encoding="utf-8")
    figures = [f"{FIGURES}/{path.name}" for path in _draw(checkpoint, record, out / FIGURES)]
    card = write_card(checkpoint, weights, record, text, figures)
    (out / CARD).write_text(card, encoding="utf-8", newline="\n")


def _draw(checkpoint: Checkpoint, record: Record, folder: Path) -> list[Path]:
    if not record.rows:
        return []
    run = Run(
        name=str(record.get("trainer.experiment_name") or checkpoint.run.name),
        folder=checkpoint.run,
        title="",
        details={},
        outcomes=(),
        pass_at_k=validation_pass_at_k(record.rows),
        rows=record.rows,
        groups=(),
        missing=(),
    )
    return draw(folder, document([run]))
