#!/usr/bin/env python
"""Make the shipped classifier again: cross-validate its recipe, train it on all pairs, calibrate it out of fold.

    python scripts/train_default_classifier.py --pairs pairs_train.jsonl

The pairs are NoveltyBench's 1,000 human-labelled ones (arXiv 2504.05228, MIT licence). About an hour on 2 cores; what
is finished is kept in the work folder, so that the same command goes on after a kill. Temperature and threshold come
from the cross-validation: each pair is scored by a classifier that was trained without its prompt.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from darling_plugin.console import explained
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.card import FILE as CARD
from darling_plugin.similarity.classifier.card import write_card
from darling_plugin.similarity.classifier.lexical_features import FILE as WORDS
from darling_plugin.tools.classifier.calibrate import Aim, calibrate_scores
from darling_plugin.tools.classifier.cross_validation import cross_validate
from darling_plugin.tools.classifier.pairs import read_pairs
from darling_plugin.tools.classifier.recipe import make_recipe
from darling_plugin.tools.classifier.results import Evaluation, print_table
from darling_plugin.tools.classifier.roc_plot import draw
from darling_plugin.tools.classifier.train import train_or_resume

FOLDS = 5
NOTED = ("auc", "auc_low", "auc_high", "average_precision", "ece", "baselines", "folds")
SHIPPED = (CARD, WORDS, "adapter_config.json", "adapter_model.safetensors")
# No validation pairs: two epochs are fixed, so that every pair can be learned from. No calibration pairs: see above.
RECIPE = make_recipe(lora_rank=16, adapter_only=True, train_layers=3, epochs=2, validation_share=0, calibration_share=0)


def main(
    pairs: Annotated[Path, typer.Option(help="NoveltyBench's labelled pairs, as JSON lines")],
    work: Annotated[Path, typer.Option(help="kept between runs")] = Path("outputs/default_classifier"),
    out: Annotated[Path, typer.Option(help="the shipped folder")] = DEFAULT_FOLDER,
) -> None:
    """Cross-validate, train, calibrate, and write the folder that is shipped."""
    console = Console()
    with explained():
        labelled = read_pairs(pairs)
        measured = cross_validate(
            labelled,
            FOLDS,
            lambda some, folder: train_or_resume(some, folder, RECIPE),
            recipe=RECIPE.model_dump(),
            work=work,
            name="shipped recipe",
            progress=console.print,
        )
        print_table(console, measured)
        draw(work / "roc.png", measured, "NoveltyBench, 5 folds by prompt")
        (work / "cross_validation.json").write_text(json.dumps(measured.as_json(), indent=1) + "\n")
        final = work / "final"
        if not (final / CARD).exists():
            train_or_resume(labelled, final, RECIPE)
        card = calibrate_scores(final, labelled, out_of_fold_logits(measured), Aim("accuracy"))
        figures = {name: value for name, value in measured.as_json().items() if name in NOTED}
        write_card(final, card.model_copy(update={"provenance": card.provenance | {"cross_validation": figures}}))
    out.mkdir(exist_ok=True)
    for name in SHIPPED:
        shutil.copyfile(final / name, out / name)
    halve(out / "adapter_model.safetensors")
    console.print(f"Shipped: {out}, {sum(file.stat().st_size for file in out.iterdir()) / 1e6:.1f} MB")


def out_of_fold_logits(measured: Evaluation) -> np.ndarray:
    """The folds' classifiers are not calibrated: their temperature is 1."""
    p = measured.probabilities.clip(1e-12, 1 - 1e-12)
    return np.log(p) - np.log1p(-p)


def halve(path: Path) -> None:
    """Store the adapter in half precision: the rounding is far below the noise of its training."""
    import torch
    from safetensors.torch import load_file, save_file

    save_file({name: value.to(torch.float16) for name, value in load_file(path).items()}, path)


if __name__ == "__main__":
    typer.run(main)
