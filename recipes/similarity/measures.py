"""Intervals and the AUC; plain NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """How often an equivalent pair scores above a distinct one, a tie counting half; nan without both kinds."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below, upto = (np.searchsorted(ordered, positive, side=side) for side in ("left", "right"))
    return float((below + upto).mean() / 2 / len(negative))


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of nothing."""
    if not total:
        return 0.0, 1.0
    share, extra = hits / total, z * z / total
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * np.sqrt(share * (1 - share) / total + extra / (4 * total))
    return float(middle - half), float(middle + half)


def bootstrap_auc(
    labels: np.ndarray, scores: np.ndarray, clusters: Sequence[str], resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % percentile interval of the AUC over resamples of clusters (prompts, or labelers), with replacement."""
    rng = np.random.default_rng(seed)
    names = sorted(set(clusters))
    rows = {name: np.flatnonzero(np.array(clusters) == name) for name in names}
    found = []
    for _ in range(resamples):
        pick = np.concatenate([rows[names[k]] for k in rng.integers(len(names), size=len(names))])
        found.append(auc(labels[pick], scores[pick]))
    return tuple(np.nanpercentile(found, [2.5, 97.5]).tolist())  # type: ignore[return-value]


def calibration_error(labels: np.ndarray, p: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    return float(
        sum(abs(labels[place == k].mean() - p[place == k].mean()) * (place == k).mean() for k in np.unique(place))
    )
