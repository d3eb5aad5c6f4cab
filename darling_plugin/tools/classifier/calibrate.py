"""Make a classifier's probabilities honest, and choose the threshold that is best for a stated aim.

P = sigmoid((logit + shift) / temperature) (Platt 1999; with shift 0, temperature scaling, Guo et al. 2017,
arXiv 1706.04599): fitted by maximum likelihood on pairs that training has not seen. Then the threshold:

    accuracy        most pairs judged rightly
    f1              the best F1 of "equivalent"
    false_merges    most equivalent pairs found, of the thresholds that call at most a share of the distinct ones so
    classes         the partition of whole groups has the right number of classes

The last is another question than the first three: a partition is a transitive closure, so one wrong "equivalent"
between two large classes costs as much as many wrong verdicts on pairs, and a wrong "distinct" often costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.similarity.classifier.card import Calibration, Card, Choice, read_card, write_card
from darling_plugin.similarity.classifier.scorer import load_scorer, probabilities
from darling_plugin.tools.classifier.groups import Group, class_count_errors, complete_groups, partition_errors
from darling_plugin.tools.classifier.pairs import Pair, digest, labels, prompt_hash

AIMS = ("accuracy", "f1", "false_merges", "classes")
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Aim:
    """What the threshold is chosen for; `most` is the greatest share of false merges, for that aim."""

    name: str = "accuracy"
    most: float = 0.05

    def __post_init__(self) -> None:
        if self.name not in AIMS:
            raise InputError(f"the aim must be one of {', '.join(AIMS)}; got {self.name!r}")
        if not 0 <= self.most <= 1:
            raise InputError(f"the maximum share of false merges must be in [0, 1], got {self.most}")


def calibrate(folder: Path, pairs: Sequence[Pair], aim: Aim) -> Card:
    """Fit temperature, shift and threshold on these pairs, and store them in the folder's card; the new card.

    Pairs of prompts that the classifier was trained on are left out: it is too sure of them.
    """
    trained = set(read_card(folder).provenance.get("training_prompts", ()))
    unseen = [pair for pair in pairs if prompt_hash(pair.prompt) not in trained]
    if not unseen:
        raise InputError(f"{folder} was trained on every prompt of these {len(pairs)} pairs; calibrate it on others")
    scorer = load_scorer(str(folder))
    return calibrate_scores(folder, unseen, scorer.logits([pair.texts for pair in unseen]), aim)


def calibrate_scores(folder: Path, pairs: Sequence[Pair], logits: np.ndarray, aim: Aim) -> Card:
    """`calibrate` with the logits at hand: logits[k] of pairs[k]."""
    y = labels(pairs)
    if len(set(y.tolist())) < 2:
        raise InputError(
            f"calibration needs equivalent and distinct pairs; these {len(y)} are all of one kind; add others"
        )
    card = read_card(folder)
    temperature, shift = fit(logits, y)
    p = probabilities(logits + shift, temperature)
    groups = complete_groups(pairs)
    if aim.name == "classes" and not groups:
        raise InputError(
            "the aim `classes` needs prompts of which every pair of responses is labeled (at least three responses); "
            "`darling classifier label --pairs-per-prompt 1000` makes such pairs"
        )
    choices = {
        name: Choice(threshold=threshold, metrics=_at(p, y, threshold, groups))
        for name in AIMS
        if name != "classes" or groups
        for threshold in [choose_threshold(p, y, Aim(name, aim.most), groups)]
    }
    chosen = choices.pop(aim.name)
    card = card.model_copy(
        update={
            "bias": card.bias + shift,
            "temperature": temperature,
            "threshold": chosen.threshold,
            "calibration": Calibration(
                aim=aim.name, pairs=len(y), digest=digest(pairs), metrics=chosen.metrics, others=choices
            ),
        }
    )
    write_card(folder, card)
    return card


def fit(logits: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """(temperature, shift) of the greatest likelihood: P = sigmoid((logit + shift) / temperature).

    A logistic regression on the logit, with labels smoothed as Platt does so that both numbers stay finite: each pair
    counts as equivalent with its smoothed label as weight, and as distinct with the rest.
    """
    from sklearn.linear_model import LogisticRegression

    positives = int(y.sum())
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
    spread = float(np.std(logits)) or 1.0
    model = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    scaled = np.concatenate([logits, logits])[:, None] / spread
    model.fit(scaled, np.repeat([1, 0], len(y)), sample_weight=np.concatenate([target, 1 - target]))
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    lowest, highest = TEMPERATURES
    # A slope of 0 or below says that the logits rank nothing: the highest temperature is as flat as it gets.
    temperature = highest if slope <= 1 / highest else max(1 / slope, lowest)
    return temperature * spread, intercept * temperature * spread


def choose_threshold(p: np.ndarray, y: np.ndarray, aim: Aim, groups: Sequence[Group] = ()) -> float:
    """The threshold that is best for the aim; the middle of the widest stretch of equally good ones.

    Candidates lie between neighboring probabilities, so that no pair sits on the threshold.
    """
    values = np.unique(p)
    candidates = np.concatenate([[0.0], (values[:-1] + values[1:]) / 2, [1.0]])
    if aim.name == "classes":
        return _middle_of_best(candidates, -class_count_errors(groups, p, candidates))
    return _middle_of_best(candidates, np.array([_goodness(p, y, t, aim) for t in candidates]))


def _goodness(p: np.ndarray, y: np.ndarray, threshold: float, aim: Aim) -> float:
    said = p > threshold
    if aim.name == "accuracy":
        return float(np.mean(said == y))
    if aim.name == "f1":
        return 2 * float(said[y == 1].sum()) / max(1.0, float(said.sum() + y.sum()))
    return float(said[y == 1].mean()) if float(said[y == 0].mean()) <= aim.most else -1.0


def _middle_of_best(candidates: np.ndarray, goodness: np.ndarray) -> float:
    best = np.flatnonzero(goodness >= goodness.max() - 1e-12)
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    widest = max(runs, key=lambda run: candidates[run[-1]] - candidates[run[0]])
    return float((candidates[widest[0]] + candidates[widest[-1]]) / 2)


def _at(p: np.ndarray, y: np.ndarray, threshold: float, groups: Sequence[Group]) -> dict[str, float]:
    """How good the threshold is on the calibration pairs."""
    said = p > threshold
    metrics = {
        "accuracy": float(np.mean(said == y)),
        "f1": 2 * float(said[y == 1].sum()) / max(1.0, float(said.sum() + y.sum())),
        "false_merges": float(said[y == 0].mean()),
        "missed": float(1 - said[y == 1].mean()),
    }
    if groups:
        errors = partition_errors(groups, p, threshold)
        metrics |= {
            "groups": len(groups),
            "classes": errors.classes,
            "classes_labelled": errors.classes_labelled,
            "class_count_error": errors.class_count,
            "adjusted_rand": errors.adjusted_rand,
        }
    return {name: round(value, 4) for name, value in metrics.items()}
