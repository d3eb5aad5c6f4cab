"""From labels and scores to figures: how well scores rank, and how good the verdicts at a threshold are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.similarity.packaged import require

BINS = 10
RESAMPLES = 1000


@dataclass(frozen=True)
class Ranking:
    """How well scores put equivalent pairs above distinct ones; no threshold is involved.

    `auc` and `average_precision` are None unless both kinds of pair are there, the interval also when all pairs are of
    one prompt.
    """

    n: int
    prompts: int
    equivalents: int
    auc: float | None
    """ROC AUC: how often an equivalent pair scores above a distinct one, a tie counting half. Chance is 0.5."""
    auc_low: float | None
    auc_high: float | None
    average_precision: float | None
    """Mean precision over the equivalent pairs, each taken as the last that is called so. Chance is their share."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Metrics(Ranking):
    """A ranking, and the verdicts at a threshold: equivalent when P > threshold. None where it would be 0 / 0."""

    accuracy: float
    f1: float | None
    precision: float | None
    recall: float | None
    false_merges: float | None
    """Share of the distinct pairs that are called equivalent: each joins two classes into one."""
    ece: float
    """Expected calibration error, ten bins of equal width."""


def metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    threshold: float | np.ndarray,
    *,
    prompts: Sequence[str] | None = None,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> Metrics:
    """The figures of P(equivalent) against the labels.

    Args:
        labels: 1 for equivalent, 0 for distinct, shape (pairs,).
        probabilities: shape (pairs,), in [0, 1].
        threshold: one for all pairs, or one each.
        prompts: of each pair, for the interval (see `ranking`).
        bootstrap: resamples for the interval; 0 leaves it out.
        seed: of the resamples.
    """
    ranked = ranking(labels, probabilities, prompts=prompts, bootstrap=bootstrap, seed=seed)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise InputError(f"`probabilities` must be in [0, 1], got {probabilities.min():g} to {probabilities.max():g}")
    called = probabilities > threshold
    hits, calls = int(called[labels == 1].sum()), int(called.sum())
    return Metrics(
        **asdict(ranked),
        accuracy=float((called == (labels == 1)).mean()),
        f1=_share(2 * hits, calls + ranked.equivalents),
        precision=_share(hits, calls),
        recall=_share(hits, ranked.equivalents),
        false_merges=_share(calls - hits, ranked.n - ranked.equivalents),
        ece=calibration_error(labels, probabilities),
    )


def ranking(
    labels: np.ndarray,
    scores: np.ndarray,
    *,
    prompts: Sequence[str] | None = None,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> Ranking:
    """AUC with its 95 % interval, and average precision, of any scores; higher says more alike.

    The interval is between the 2.5th and the 97.5th percentile of the AUCs of resamples of *prompts*, with
    replacement: pairs of one prompt depend on each other, so that resampling pairs would make it too narrow. Resamples
    without both kinds of pair are left out. Without `prompts`, each pair is its own.
    """
    require("sklearn")
    from sklearn.metrics import average_precision_score, roc_auc_score

    if not len(labels) or np.shape(scores) != np.shape(labels) or not np.isfinite(scores).all():
        raise InputError(f"expected one finite score per pair, and a pair; got {len(labels)} labels, scores {scores}")
    groups = _numbered(range(len(labels)) if prompts is None else prompts)
    both = 0 < labels.sum() < len(labels)
    low, high = _interval(labels, scores, groups, bootstrap, seed) if both else (None, None)
    return Ranking(
        n=len(labels),
        prompts=int(groups.max()) + 1,
        equivalents=int(labels.sum()),
        auc=float(roc_auc_score(labels, scores)) if both else None,
        auc_low=low,
        auc_high=high,
        average_precision=float(average_precision_score(labels, scores)) if both else None,
    )


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """ECE = Σ_b n_b / n · |share of equivalent pairs in b − mean P in b|, ten bins b of equal width over [0, 1].

    Naeini et al. 2015; Guo et al. 2017 (arXiv 1706.04599). 0 is perfect. Equal width and not equal mass: equal
    probabilities then share a bin.
    """
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(bins, weights=labels - probabilities)).sum() / len(labels))


def weighted_auc(labels: np.ndarray, scores: np.ndarray) -> Callable[[np.ndarray], float]:
    """A function from weights of the pairs, shape (pairs,), to the AUC; NaN without weight on both kinds of pair.

    AUC = Σ_ij w_i w_j ([s_i > s_j] + ½ [s_i = s_j]) / Σ_ij w_i w_j,  i equivalent, j distinct. The pairs are sorted
    once, so that a thousand resamples cost a thousand sums.
    """
    order = np.argsort(scores, kind="stable")
    ties = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)  # where each run of equal scores starts
    equivalent = labels[order] == 1

    def auc(weights: np.ndarray) -> float:
        own = weights[order].astype(np.float64)
        positive, negative = (np.add.reduceat(np.where(kind, own, 0), ties) for kind in (equivalent, ~equivalent))
        total = positive.sum() * negative.sum()
        return float(positive @ (np.cumsum(negative) - negative / 2) / total) if total else float("nan")

    return auc


def _interval(
    labels: np.ndarray, scores: np.ndarray, groups: np.ndarray, resamples: int, seed: int
) -> tuple[float | None, float | None]:
    count = int(groups.max()) + 1
    if count < 2 or not resamples:
        return None, None
    auc, random = weighted_auc(labels, scores), np.random.default_rng(seed)
    drawn = (np.bincount(random.integers(count, size=count), minlength=count)[groups] for _ in range(resamples))
    found = [value for value in map(auc, drawn) if not np.isnan(value)]
    return (float(np.percentile(found, 2.5)), float(np.percentile(found, 97.5))) if found else (None, None)


def _numbered(prompts: Sequence[Hashable]) -> np.ndarray:
    """0, 1, … in the order of their first appearance, shape (pairs,)."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(prompt, len(numbers)) for prompt in prompts])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
