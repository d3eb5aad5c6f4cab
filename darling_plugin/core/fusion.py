"""One reward from quality q and diversity d.

    multiplicative        r = q · d                  DARLING (arXiv 2509.02534, section 3)
    additive              r = q + w · d              ablation
    normalized_additive   r = z(q) + w · z(d)        ablation; z standardizes within the group, as GRPO does
    quality               r = q                      the baseline: GRPO

A *negative* q breaks the product: a more distinct answer would get a lower reward. `shift="group_min"` first subtracts
the group's lowest quality (the authors' `add_bias`), so the worst answer of a group gets 0 whatever its diversity. In
the other modes this changes no advantage, because advantages are centered.

If d is the same for a whole group, the product scales the group's quality and the sums shift it, which is GRPO.
A column that does not vary within a group adds 0 to `normalized_additive`.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows

MODES = ("multiplicative", "additive", "normalized_additive", "quality")
SHIFTS = ("none", "group_min")


def fuse_rewards(
    quality: Sequence[float] | np.ndarray,
    diversity: Sequence[float] | np.ndarray,
    uid: Sequence[Hashable] | np.ndarray,
    *,
    mode: str = "multiplicative",
    shift: str = "none",
    weight: float = 1.0,
) -> np.ndarray:
    """r of each response, shape (len(uid),). `weight` is the w of the sums; the other modes do not read it."""
    groups = group_rows(uid)
    rows = len(groups.index)
    q, d = checks.numbers("quality", quality, rows), checks.numbers("diversity", diversity, rows)
    mode, shift = checks.choice("mode", mode, MODES), checks.choice("shift", shift, SHIFTS)
    weight = checks.number("weight", weight)
    if shift == "group_min":
        q = groups.above_lowest(q)
    if mode == "multiplicative":
        return q * d
    if mode == "additive":
        return q + weight * d
    if mode == "normalized_additive":
        return groups.standardised(q) + weight * groups.standardised(d)
    return q.copy()
