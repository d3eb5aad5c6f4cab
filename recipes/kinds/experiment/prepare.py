"""What runs begin with, made once and shared: the warm start, and the classifier that is trained on its responses."""

from __future__ import annotations

import shutil
from pathlib import Path

from darling_plugin.files import file_digest
from darling_plugin.kinds.data import split
from recipes.countdown.experiment import locks as claims
from recipes.countdown.experiment.prepare import Start
from recipes.kinds.experiment.settings import Run
from recipes.kinds.warmstart import warm_start


def prepare(run: Run, shared: Path) -> Start:
    """Make what `run` begins with, or find it in `shared`. The first time: ten minutes or so on one core."""
    with claims.waited_for(shared / "warm_start.claim"):
        start = warm_start(shared / "warm_start")
    learned = learn_classifier(shared) if run.similarity == "learned" else None
    return Start(start.folder, file_digest(start.folder / "model.safetensors"), learned)


def learn_classifier(shared: Path) -> Path:
    """A classifier trained as `darling classifier train` does it, from its usual encoder, on the warm start's pairs."""
    from darling_plugin.similarity.classifier.card import FILE
    from darling_plugin.tools.classifier.recipe import Recipe
    from darling_plugin.tools.classifier.train import train
    from recipes.countdown.threads import torch_threads
    from recipes.kinds.pairs import labelled_pairs

    folder = shared / "classifier"
    with claims.waited_for(shared / "classifier.claim"):
        if not (folder / FILE).is_file():
            pairs = labelled_pairs(shared / "pairs.jsonl", shared / "warm_start", split().train)
            part = shared / "classifier.part"
            shutil.rmtree(part, ignore_errors=True)
            with torch_threads(1):
                train(pairs, part, Recipe(epochs=2.0, calibration_share=0.2, validation_share=0.0), quiet=True)
            part.rename(folder)
    return folder
