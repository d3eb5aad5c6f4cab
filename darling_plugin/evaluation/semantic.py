"""Diversity of meaning that counts only what is good: among the correct, or valid, responses to one prompt.

`labels` says what a response means: the class of each, from `core.partition`, `greedy_partition` or a normal form.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.diversity import class_labels
from darling_plugin.core.partition import LEFT_OUT
from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.errors import InputError


@dataclass(frozen=True)
class SemanticDiversity:
    """The two measures, and their parts. `pair` = `among_valid` · (share of the pairs that are valid)."""

    pair: float
    """Chance that two responses, drawn without replacement, are both valid and of two classes; in [0, 1]."""
    fixed: float
    """Classes of valid responses / responses; in [0, 1]. It falls as more responses are drawn: compare at equal n."""
    among_valid: float | None
    """Chance that two *valid* responses are of two classes; None with fewer than two of them."""
    valid: int
    n: int


def effective_semantic_diversity(
    labels: Sequence[int] | np.ndarray, valid: Sequence[bool] | np.ndarray
) -> SemanticDiversity:
    """Effective semantic diversity: what differs in meaning and meets the quality that is asked for.

        pair  = Σ over i < j of [i valid] [j valid] [class i ≠ class j] / (n (n − 1) / 2)
        fixed = |{class i : i valid}| / n

    After Div_pair and Div_fixed of Shypula et al. 2025, "Evaluating the Diversity and Quality of LLM Generated
    Content" (arXiv 2504.12522), with their validity V and meaning S as `valid` and `labels`. A pair with an invalid
    member counts 0 here, so a model that is right more often scores higher at equal variety; `among_valid` is variety
    alone. None valid, or one, or all of one class: pair is 0. All valid and distinct: both are 1.

    Args:
        labels: the class of each of n ≥ 2 responses; −1 (left out) only where it is not valid.
        valid: whether each meets the quality that is asked for: correct, or a score above a threshold.

    Example:
        >>> effective_semantic_diversity([0, 0, 1, 2], [True, True, True, False]).pair  # 2 of 6 pairs
        0.3333333333333333
    """
    classes, good = good_classes("valid", labels, valid)
    n, m = len(classes), int(good.sum())
    if n < 2:
        raise InputError(f"`labels` must hold at least two responses to compare, got {n}")
    sizes = np.unique(classes[good], return_counts=True)[1]
    distinct = _pairs(m) - int(_pairs(sizes).sum())
    return SemanticDiversity(
        pair=distinct / _pairs(n),
        fixed=len(sizes) / n,
        among_valid=distinct / _pairs(m) if m > 1 else None,
        valid=m,
        n=n,
    )


def distinct_correct(
    labels: Sequence[int] | np.ndarray, correct: Sequence[bool] | np.ndarray, k: int | None = None
) -> float:
    """Expected number of distinct strategies among the correct ones of k samples.

        Σ over the classes of correct samples, x of the n samples each, of  1 − C(n − x, k) / C(n, k)

    The unbiased estimate at k of n samples: pass@k, class by class. None correct: 0. All correct and equivalent: 1. The
    number that is seen in all n samples is k = n, the default.

    Args:
        labels: the strategy of each of n samples; −1 (left out) only where it is not correct.
        correct: whether each is correct. An incorrect member of a class does not count for it.
        k: 1 ≤ k ≤ n; None is n.

    Example:
        >>> round(distinct_correct([0, 0, 1, 2], [True, True, True, False], k=2), 4)  # 5/6 of class 0, 1/2 of class 1
        1.3333
    """
    classes, good = good_classes("correct", labels, correct)
    if not len(classes):
        raise InputError("`labels` must hold at least one sample, got none")
    sizes = np.unique(classes[good], return_counts=True)[1]
    return float(pass_at_k(len(classes), sizes, len(classes) if k is None else k).sum())


def good_classes(
    name: str, labels: Sequence[int] | np.ndarray, flags: Sequence[bool] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(class of each, whether each is good), checked: every good response has a class."""
    classes = class_labels(labels, len(labels))
    good = checks.flags(name, flags, len(classes), "labels")
    left_out = np.flatnonzero(good & (classes == LEFT_OUT))
    if len(left_out):
        row = left_out[0]
        raise InputError(
            f"`labels[{row}]` is −1 (left out) and `{name}[{row}]` is True; every good response needs a class"
        )
    return classes, good


def _pairs(count):
    """Unordered pairs of `count` members; of a number, or of each in an array."""
    return count * (count - 1) // 2
