"""Diversity of a response: the share of its siblings that say something else.

    d_i = (n − |class of i|) / (n − 1), and never below the floor     (arXiv 2509.02534, section 3)

with n the partitioned responses of the prompt. If all are equivalent, d is the floor; if all are distinct, it is 1. The
floor keeps a good answer's reward above that of a wrong one even if every response gives it.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows
from darling_plugin.core.partition import LEFT_OUT
from darling_plugin.errors import InputError


def partition_diversity(
    labels: Sequence[int] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    *,
    floor: float = 0.1,
    singleton: float = 1.0,
) -> np.ndarray:
    """d of each row, shape (len(labels),), in [floor, 1].

    Args:
        labels: classes from `partition`; −1 = left out: such a row gets the floor.
        uid: uid[i] names the prompt of row i.
        floor: the least value.
        singleton: the value where n = 1 and the formula divides by zero; raised to the floor when below it. 1.0 counts
            a response with no sibling as distinct; the authors' correct-only code uses 0.1.
    """
    groups = group_rows(uid)
    classes = class_labels(labels, len(groups.index))
    floor, singleton = checks.fraction("floor", floor), checks.fraction("singleton", singleton)
    if not len(classes):
        return np.empty(0)
    inside = classes != LEFT_OUT
    n = groups.total(inside)[groups.index]
    # One number per (group, class); the left-out rows of a group share one too, and are overwritten below.
    names = groups.index * (classes.max() + 2) + classes + 1
    same = np.unique(names, return_inverse=True, return_counts=True)
    size = same[2][same[1]]
    share = (n - size) / np.maximum(n - 1, 1)
    return np.maximum(np.where(inside, np.where(n == 1, singleton, share), floor), floor)


def class_labels(labels: Sequence[int] | np.ndarray, rows: int) -> np.ndarray:
    """`labels` as whole numbers of at least −1, shape (rows,)."""
    array = np.asarray(labels)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"`labels` must be whole numbers of shape ({rows},), got {array.dtype} of shape {array.shape}")
    checks.same_length("labels", len(array), rows, "uid")
    if array.size and array.min() < LEFT_OUT:
        row = int(array.argmin())
        raise InputError(f"`labels[{row}]` must be −1 (left out) or a class number of at least 0, got {array[row]}")
    return array.astype(np.int64)
