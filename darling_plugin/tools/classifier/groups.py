"""Whole groups among labeled pairs: prompts of which every two responses were compared, so that classes are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from darling_plugin.core.classes import Classes
from darling_plugin.tools.classifier.pairs import Pair


@dataclass(frozen=True)
class Group:
    """One prompt. rows[k] is the number, in the list of all pairs, of the pair of responses ends[k]."""

    responses: int
    rows: np.ndarray
    ends: tuple[tuple[int, int], ...]
    classes: np.ndarray
    """Class of each response by the transitive closure of the labels, shape (responses,)."""


@dataclass(frozen=True)
class PartitionErrors:
    """Means over groups of the partition that a threshold gives against the one that the labels give."""

    classes: float
    classes_labelled: float
    class_count: float
    """| number of classes − number of labeled classes |"""
    adjusted_rand: float


def complete_groups(pairs: Sequence[Pair]) -> list[Group]:
    """The prompts with at least three different responses of which every two are labeled."""
    by_prompt: dict[str, list[int]] = {}
    for row, pair in enumerate(pairs):
        by_prompt.setdefault(pair.prompt, []).append(row)
    groups = []
    for rows in by_prompt.values():
        texts = list(dict.fromkeys(text for row in rows for text in pairs[row].texts))
        place = {text: number for number, text in enumerate(texts)}
        known = {frozenset(place[text] for text in pairs[row].texts): row for row in rows}
        ends = tuple(combinations(range(len(texts)), 2))
        if len(texts) >= 3 and all(frozenset(two) in known for two in ends):
            own = np.array([known[frozenset(two)] for two in ends])
            same = [two for two, row in zip(ends, own, strict=True) if pairs[row].similar]
            groups.append(Group(len(texts), own, ends, _closure(len(texts), same)))
    return groups


def partition_errors(groups: Sequence[Group], probabilities: np.ndarray, threshold: float) -> PartitionErrors:
    """What the closure of `probabilities > threshold` makes of the groups."""
    from sklearn.metrics import adjusted_rand_score

    found = [
        _closure(
            group.responses,
            [two for two, p in zip(group.ends, probabilities[group.rows], strict=True) if p > threshold],
        )
        for group in groups
    ]
    counts = np.array([len(set(classes.tolist())) for classes in found])
    labelled = np.array([len(set(group.classes.tolist())) for group in groups])
    rand = [adjusted_rand_score(group.classes, classes) for group, classes in zip(groups, found, strict=True)]
    return PartitionErrors(
        classes=float(counts.mean()),
        classes_labelled=float(labelled.mean()),
        class_count=float(np.abs(counts - labelled).mean()),
        adjusted_rand=float(np.mean(rand)),
    )


def class_count_errors(groups: Sequence[Group], probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """errors[k]: `class_count` of `partition_errors` at thresholds[k], for many thresholds at once.

    With P falling, pairs join classes along a maximum spanning tree (single linkage). So a group of n responses has
    n − #{edges of its tree with P > threshold} classes, and one tree answers for every threshold.
    """
    total = np.zeros(len(thresholds))
    for group in groups:
        joins = _joins(group, probabilities)
        classes = group.responses - (len(joins) - np.searchsorted(joins, thresholds, side="right"))
        total += np.abs(classes - len(set(group.classes.tolist())))
    return total / len(groups)


def _joins(group: Group, probabilities: np.ndarray) -> np.ndarray:
    """P of the edges of the group's maximum spanning tree, rising; shape (responses − 1,)."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    distance = np.zeros((group.responses, group.responses))
    first, second = np.asarray(group.ends).T
    distance[first, second] = distance[second, first] = 1 - probabilities[group.rows]
    return np.sort(1 - linkage(squareform(distance), method="single")[:, 2])


def _closure(size: int, same: Sequence[tuple[int, int]]) -> np.ndarray:
    classes = Classes(size)
    for i, j in same:
        classes.merge(i, j)
    return np.array(classes.of)
