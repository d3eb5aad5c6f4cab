from dataclasses import replace

import numpy as np
import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.classifier.baselines import NAMES
from darling_plugin.tools.classifier.measures import metrics, ranking
from darling_plugin.tools.classifier.results import Baseline, Evaluation
from darling_plugin.tools.classifier.roc_plot import draw


def evaluation(model="default", labels=None, **fields):
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2 if labels is None else labels
    likely = 1 / (1 + np.exp(-random.normal(size=60) - labels))
    scores = {name: random.normal(size=60) + labels / 2 for name in NAMES}
    found = Evaluation(
        model=model,
        metrics=metrics(labels, likely, 0.6),
        threshold=0.6,
        verdicts_per_second=100.0,
        truncated=0.0,
        labels=labels,
        probabilities=likely,
        baselines={name: Baseline(ranking(labels, own), 10.0, own) for name, own in scores.items()},
    )
    return replace(found, **fields)


@pytest.mark.parametrize(
    "found",
    [
        evaluation(),
        evaluation(baselines={}),
        evaluation(threshold=None),
        evaluation("_folder/$x_{1$/[b]" * 9),
    ],
    ids=["baselines", "alone", "folds", "odd name"],
)
def test_writes_a_picture(tmp_path, found):
    draw(tmp_path / "roc.png", found)
    assert (tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_every_row_is_in_the_legend(tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    labels = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, *given, **style: labels.append(style.get("label")) or plot(self, *given, **style)
    )
    found = evaluation()
    draw(tmp_path / "roc.png", found)
    assert labels[1].startswith(f"{found.metrics.auc:.3f} [{found.metrics.auc_low:.3f}, ")
    aucs = [float(label.split()[0]) for label in labels[2:-1]]
    assert aucs == sorted(aucs, reverse=True)
    assert {label.split("  ")[1] for label in labels[2:-1]} == set(NAMES.values())
    assert labels[-1] == f"threshold 0.600: accuracy {found.metrics.accuracy:.3f}"


def test_pairs_of_one_kind_have_no_curve(tmp_path):
    with pytest.raises(InputError, match=r"needs equivalent and distinct pairs; All 60 pairs are distinct"):
        draw(tmp_path / "roc.png", evaluation(labels=np.zeros(60, dtype=int), baselines={}))
