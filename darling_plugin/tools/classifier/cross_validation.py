"""How good a recipe is: each prompt's pairs are scored by a classifier that was trained on other prompts."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.files import replacing
from darling_plugin.similarity.classifier import card
from darling_plugin.similarity.classifier.scorer import load_scorer
from darling_plugin.tools.classifier.evaluate import Held, Report, choose_baselines, judge, measure
from darling_plugin.tools.classifier.measures import ranking
from darling_plugin.tools.classifier.pairs import Pair, digest, folds_by_prompt, labels
from darling_plugin.tools.classifier.results import Evaluation, Folds

SCORES = "held_out.json"
TrainOne = Callable[[list[Pair], Path], Any]


def cross_validate(
    pairs: Sequence[Pair],
    folds: int,
    train_one: TrainOne,
    *,
    recipe: Mapping[str, Any],
    work: Path,
    name: str = "this recipe",
    seed: int = 0,
    baselines: bool = True,
    device: str | None = None,
    progress: Report | None = None,
) -> Evaluation:
    """Measure a recipe on pairs of at least `folds` prompts.

    The AUC and its interval are of all out-of-fold probabilities together, which costs a bit, as each fold's classifier
    has its own calibration; `Evaluation.folds` has each fold's own. The verdicts are at each fold's own threshold.

    Args:
        train_one: trains and calibrates a classifier into the folder, on these pairs only. An interrupted one is called
            again with the same folder, and may go on from what it left there.
        recipe: all that decides what `train_one` makes, in values that JSON has.
        work: keeps the folds' classifiers and scores. A finished fold is not trained again while pairs, recipe, folds
            and seed are the same; with others it gets a folder of its own.
        name: of the recipe, in the table.
        seed: of the folds.
        baselines, device, progress: as for `evaluate`.
    """
    others = choose_baselines(baselines, device)
    judged = []
    for number, rows in enumerate(folds_by_prompt(pairs, folds, seed), 1):
        own = {"pairs": digest(pairs), "recipe": dict(recipe), "held_out": rows.tolist()}
        fold = _Fold(work / f"fold-{number}-{_short(own)}", f"fold {number} of {folds}", own, rows)
        judged.append((rows, fold.held(pairs, train_one, device, progress or _silent)))
    found = Folds(
        aucs=tuple(
            ranking(labels(pairs)[rows], np.array(held.probabilities), bootstrap=0).auc for rows, held in judged
        ),
        thresholds=tuple(held.threshold for _, held in judged),
    )
    return measure(name, pairs, judged, others, progress, folds=found)


@dataclass(frozen=True)
class _Fold:
    """One fold's folder: model/, and held_out.json once it is scored."""

    folder: Path
    title: str
    own: dict[str, Any]
    rows: np.ndarray

    def held(self, pairs: Sequence[Pair], train_one: TrainOne, device: str | None, progress: Report) -> Held:
        """The verdicts on the held-out pairs, from the disk where they are."""
        stored = self.folder / SCORES
        if stored.exists():
            progress(f"{self.title}: scored before")
            return Held(**json.loads(stored.read_text())["held"])
        progress(f"{self.title}: training on {len(pairs) - len(self.rows):,} pairs")
        model = self._train(pairs, train_one)
        progress(f"{self.title}: scoring {len(self.rows):,} pairs")
        scorer = load_scorer(str(model), device=device)
        held = judge(scorer, [pairs[row] for row in self.rows])
        self._store(held)
        return held

    def _train(self, pairs: Sequence[Pair], train_one: TrainOne) -> Path:
        model = self.folder / "model"
        if (model / card.FILE).exists():
            shutil.rmtree(model)  # interrupted after its training: it may lack its calibration
        self.folder.mkdir(parents=True, exist_ok=True)
        held_out = set(self.rows.tolist())
        train_one([pair for row, pair in enumerate(pairs) if row not in held_out], model)
        return model

    def _store(self, held: Held) -> None:
        """In one step: a kill leaves all of it or nothing."""
        with replacing(self.folder / SCORES) as part:
            part.write_text(json.dumps({"of": self.own, "held": held._asdict()}) + "\n")


def _short(own: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:12]


def _silent(line: str) -> None:
    pass
