"""Labeled pairs to a folder that training can name: split by prompt, train, calibrate, write down where it came from.

folder/                        the model, in sentence-transformers' form, or its LoRA adapter
  darling_classifier.json      card.py
  words.json                   wording.py, for a bi-encoder that compares wordings
  training/                    recipe.json, history.json, curves.png, TensorBoard's files; while it runs: checkpoints
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.bi_encoder import model_source
from darling_plugin.similarity.classifier.card import FILE, Card, read_card, write_card
from darling_plugin.similarity.classifier.scorer import DEFAULT
from darling_plugin.tools.classifier import pairs as pair_files
from darling_plugin.tools.classifier.bi_learner import BiLearner
from darling_plugin.tools.classifier.calibrate import Aim, calibrate
from darling_plugin.tools.classifier.cross_learner import CrossLearner
from darling_plugin.tools.classifier.curves import draw_curves
from darling_plugin.tools.classifier.learner import Learner
from darling_plugin.tools.classifier.pairs import Pair, split_by_prompt
from darling_plugin.tools.classifier.recipe import Recipe, make_recipe
from darling_plugin.tools.classifier.training_output import hushed
from darling_plugin.tools.outputs import check_output

LEARNERS: dict[str, type[Learner]] = {"bi-encoder": BiLearner, "cross-encoder": CrossLearner}
TRAINING, RECIPE = "training", "recipe.json"
PACKAGES = ("darling-plugin", "sentence-transformers", "transformers", "torch")


@dataclass(frozen=True)
class Trained:
    """What training left behind."""

    folder: Path
    card: Card
    seconds: float
    steps: int
    best_auc: float | None
    """On the validation pairs; None without any."""
    truncated: float
    """Share of the responses that were longer than the classifier reads."""


def train(pairs: Sequence[Pair], folder: Path, recipe: Recipe, *, resume: bool = False, quiet: bool = False) -> Trained:
    """Train and calibrate a classifier into `folder`.

    Args:
        pairs: all labeled pairs; validation and calibration pairs are taken out of them, by prompt.
        folder: made here. One that holds a finished classifier is not overwritten.
        recipe: how.
        resume: go on from the last checkpoint of an interrupted training of the same recipe on the same pairs.
        quiet: print nothing; otherwise a progress bar shows loss and AUC.
    """
    check_output("--out", folder, [recipe.base_model])
    model_source(recipe.base_model, None)  # a mistyped folder is said before torch is loaded
    with hushed(quiet):
        return _train(pairs, folder, recipe, resume, quiet)


def _train(pairs: Sequence[Pair], folder: Path, recipe: Recipe, resume: bool, quiet: bool) -> Trained:
    import torch
    from accelerate import PartialState

    began = time.perf_counter()
    work = folder / TRAINING
    # several processes under `accelerate launch` or torchrun, one otherwise
    state = PartialState(cpu=not torch.accelerator.is_available())
    begun_with = {"recipe": recipe.model_dump(), "pairs": pair_files.digest(pairs)}
    _check_folder(folder, begun_with, resume)
    parts = split_by_prompt(pairs, recipe.shares, recipe.seed)
    _check_labels(parts)
    learner = LEARNERS[recipe.kind](recipe, parts["train"], parts["validation"])
    state.wait_for_everyone()  # each process has looked at the folder, and has its model
    if state.is_main_process:
        work.mkdir(parents=True, exist_ok=True)
        (work / RECIPE).write_text(json.dumps(begun_with, indent=1) + "\n")
    state.wait_for_everyone()
    history = learner.fit(work, resume=resume, quiet=quiet)
    if state.is_main_process:
        card = learner.save(folder).model_copy(update={"provenance": _provenance(pairs, parts, recipe)})
        write_card(folder, card)
        if parts["calibration"]:
            calibrate(folder, parts["calibration"], Aim("accuracy"))
        (work / "history.json").write_text(json.dumps(history, indent=1) + "\n")
        draw_curves(history, work / "curves.png", title=f"{recipe.kind} from {Path(recipe.base_model).name}")
        shutil.rmtree(work / "checkpoints", ignore_errors=True)
    state.wait_for_everyone()
    return Trained(
        folder=folder,
        card=read_card(folder),
        seconds=time.perf_counter() - began,
        steps=max((row.get("step", 0) for row in history), default=0),
        best_auc=max((row["eval_auc"] for row in history if "eval_auc" in row), default=None),
        truncated=learner.truncated_share,
    )


def train_or_resume(pairs: Sequence[Pair], folder: Path, recipe: Recipe) -> Trained:
    """`train`, going on with what an interrupted one left in the folder; prints nothing."""
    return train(pairs, folder, recipe, resume=(folder / TRAINING).exists(), quiet=True)


def recipe_of(model: str) -> Recipe:
    """The recipe that a classifier was trained by, as its folder tells; "default" is the shipped one."""
    card = read_card(DEFAULT_FOLDER if model == DEFAULT else Path(model).expanduser())
    if "recipe" not in card.provenance:
        raise ConfigError(f"the folder of {model} does not say how it was trained, so it cannot be cross-validated")
    return make_recipe(**card.provenance["recipe"])


def _check_folder(folder: Path, begun_with: dict[str, Any], resume: bool) -> None:
    """Whether this training may have the folder; what one there was begun with is in recipe.json."""
    if (folder / FILE).exists():
        raise ConfigError(f"{folder} already holds a classifier; choose another --out, or remove it")
    note = folder / TRAINING / RECIPE
    if note.exists() and not resume:
        raise ConfigError(f"{folder} holds an unfinished training; add --resume to continue it, or remove it")
    if note.exists() and json.loads(note.read_text()) != begun_with:
        raise ConfigError(f"{folder} was started with other settings or other pairs; choose another --out")


def _check_labels(parts: dict[str, list[Pair]]) -> None:
    for name, part in parts.items():
        kinds = {pair.similar for pair in part}
        if len(kinds) < 2 and (part or name == "train"):
            raise InputError(
                f"the {name} pairs ({len(part)}) do not have both labels; give more pairs, or set another share or seed"
            )


def _provenance(pairs: Sequence[Pair], parts: dict[str, list[Pair]], recipe: Recipe) -> dict[str, Any]:
    return {
        "training_digest": pair_files.digest(pairs),
        "training_prompts": sorted(
            {pair_files.prompt_hash(pair.prompt) for pair in parts["train"] + parts["validation"]}
        ),
        "pairs": {name: len(part) for name, part in parts.items()},
        "recipe": recipe.model_dump(),
        "versions": {package: version(package) for package in PACKAGES},
    }
