"""How far the classifiers agree with the exact similarity, on the warm start's responses to validation categories."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from darling_plugin.kinds.data import split
from darling_plugin.kinds.similarity import equivalent
from darling_plugin.similarity import build_similarity
from recipes.countdown.agreement import agreement
from recipes.countdown.experiment.analysis.tables import table
from recipes.countdown.threads import torch_threads
from recipes.kinds.experiment.measure import sample_all
from recipes.kinds.experiment.prepare import learn_classifier
from recipes.kinds.policy import load_policy

SAMPLES = 8  # as in training
SHOWN = ("pair_agreement", "equivalents_found", "false_merges", "adjusted_rand", "classes", "classes_symbolic")


def write_table(shared: Path, folder: Path, console: Console) -> None:
    """similarities.md and similarities.json in `folder`; `shared` holds the warm start, and then the classifier."""
    models = {"learned": {"model": str(learn_classifier(shared))}, "shipped": {}}
    categories = split().validation
    with torch_threads(1):
        responses, _, _ = sample_all(load_policy(shared / "warm_start", 1), categories, SAMPLES, "similarities")
        found = {
            name: agreement(build_similarity("classifier", device="cpu", **model), responses, equivalent)
            for name, model in models.items()
        }
    numbers = {name: asdict(each) for name, each in found.items()}
    rows = [
        [name, *("–" if own[metric] is None else f"{own[metric]:.3f}" for metric in SHOWN)]
        for name, own in numbers.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    text = table(["classifier", *(name.replace("_symbolic", " (exact)") for name in SHOWN)], rows)
    (folder / "similarities.md").write_text(text)
    (folder / "similarities.json").write_text(json.dumps(numbers, indent=1) + "\n")
    console.print(Markdown(text))
