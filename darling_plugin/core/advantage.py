"""How much better than its siblings a response is.

    A_i = r_i − mean of r over the group        (arXiv 2509.02534, section 3)

Unlike in GRPO, A is not divided by the standard deviation: with a noisy reward, that division amplifies the groups that
carry little signal. `normalize_by_std=True` divides as verl's GRPO does, by std + 1e-6 with n − 1 in the std.

In both cases a group of one, or of equal rewards, gets 0.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows


def group_advantages(
    rewards: Sequence[float] | np.ndarray, uid: Sequence[Hashable] | np.ndarray, *, normalize_by_std: bool = False
) -> np.ndarray:
    """A of each response, shape (len(rewards),)."""
    groups = group_rows(uid)
    r = checks.numbers("rewards", rewards, len(groups.index))
    return groups.standardised(r) if checks.flag("normalize_by_std", normalize_by_std) else groups.centred(r)
