"""What to log about a batch: one number per name, no prefix, every one finite.

    quality/mean, diversity/mean, reward/mean     over responses
    quality_diversity_correlation                 Pearson, over responses; 0 where one of them does not vary
    classes/mean, classes/min, classes/max        classes in a group, over groups (0 where all were left out)
    groups/all_one_class, groups/all_distinct     shares of the groups with at least two partitioned responses
    groups/all_correct, groups/all_wrong, groups/mixed     shares of all groups

Without `labels` (n-gram diversity has none) the metrics of classes are missing; without `diversity` (GRPO has none),
those of diversity; without `correct`, the last line. A share of no groups is 0. An empty batch has no metrics.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.diversity import class_labels
from darling_plugin.core.groups import Groups, group_rows
from darling_plugin.core.partition import LEFT_OUT


def group_metrics(
    quality: Sequence[float] | np.ndarray,
    diversity: Sequence[float] | np.ndarray | None,
    reward: Sequence[float] | np.ndarray,
    labels: Sequence[int] | np.ndarray | None,
    uid: Sequence[Hashable] | np.ndarray,
    *,
    correct: Sequence[bool] | np.ndarray | None = None,
) -> dict[str, float]:
    """The metrics of one batch; every argument has one entry per response."""
    groups = group_rows(uid)
    rows = len(groups.index)
    q, r = checks.numbers("quality", quality, rows), checks.numbers("reward", reward, rows)
    d = None if diversity is None else checks.numbers("diversity", diversity, rows)
    classes = None if labels is None else class_labels(labels, rows)
    right = None if correct is None else checks.flags("correct", correct, rows)
    if not rows:
        return {}
    metrics = {"quality/mean": float(q.mean()), "reward/mean": float(r.mean())}
    if d is not None:
        metrics["diversity/mean"] = float(d.mean())
        metrics["quality_diversity_correlation"] = _correlation(q, d)
    if classes is not None:
        metrics |= _class_metrics(classes, groups)
    if right is not None:
        share = groups.total(right) / groups.sizes
        metrics["groups/all_correct"] = float((share == 1).mean())
        metrics["groups/all_wrong"] = float((share == 0).mean())
        metrics["groups/mixed"] = float(((share > 0) & (share < 1)).mean())
    return metrics


def _class_metrics(labels: np.ndarray, groups: Groups) -> dict[str, float]:
    inside = labels != LEFT_OUT
    kept = np.unique(np.stack([groups.index[inside], labels[inside]]), axis=1)
    classes = np.bincount(kept[0], minlength=len(groups.sizes))
    partitioned = groups.total(inside)
    several = partitioned >= 2
    return {
        "classes/mean": float(classes.mean()),
        "classes/min": float(classes.min()),
        "classes/max": float(classes.max()),
        "groups/all_one_class": _share(classes == 1, several),
        "groups/all_distinct": _share(classes == partitioned, several),
    }


def _share(true: np.ndarray, among: np.ndarray) -> float:
    return float(true[among].mean()) if among.any() else 0.0


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    # np.ptp, not the std: equal numbers can have a std of 1e-17, and dividing by it makes noise into a correlation.
    if not np.ptp(x) or not np.ptp(y):
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    # Scaled first, so that the squares of very small or very large numbers neither vanish nor overflow.
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))
