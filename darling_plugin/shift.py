"""What is subtracted from quality before an objective multiplies it by diversity.

Multiplied by diversity, a negative quality would make the more distinct of two bad responses the worse one. The lowest
score that a verifier gives is therefore subtracted, once found, the same from every quality: a group of right responses
keeps its full share of the reward. A reward model has no known lowest score, so each group's own is subtracted there,
as in the authors' code (arXiv 2509.02534). Objectives that do not multiply quality are left alone.
"""

from __future__ import annotations

import logging
import math

import numpy as np

from darling_plugin.core.groups import group_rows

logger = logging.getLogger(__name__)


class Shift:
    """The subtraction of one run. `value` is `none`, `group_min`, or the number that is subtracted now.

    Args:
        setting: `darling.fusion.shift`; `auto` decides by what the run shows, anything else is kept.
        multiplies_quality: whether the objective does; if not, nothing is ever subtracted.
        reward_model: whether quality is a reward model's score.
    """

    def __init__(self, setting: str | float, multiplies_quality: bool, reward_model: bool):
        self._automatic = setting == "auto"
        self._of_effect = multiplies_quality
        self.value: str | float = "none" if self._automatic else setting
        if self._automatic and multiplies_quality and reward_model:
            self.value = "group_min"
            logger.warning(
                "darling: a reward model's scores can be negative, so each group's lowest quality is subtracted before "
                "it is multiplied by diversity. Set darling.fusion.shift=none to multiply the scores as they are."
            )

    def __call__(self, quality: np.ndarray, uid: np.ndarray) -> np.ndarray:
        """Quality as the objective may multiply it, shape (rows,). Notices a negative one that nobody announced."""
        if not self._of_effect or not len(quality):
            return quality
        if self._automatic and self.value != "group_min":
            self._notice(float(quality.min()))
        if self.value == "group_min":
            return group_rows(uid).above_lowest(quality)
        return quality if self.value == "none" else quality - float(self.value)

    def expect_lowest(self, lowest: float, reason: str) -> None:
        """Subtract a known lowest score from the first step on.

        Of effect where the setting is `auto`, the objective multiplies quality, and nothing is subtracted yet.
        lowest: rounded down; ignored unless negative. reason: where it comes from, for the log.
        """
        floor = float(math.floor(lowest))
        if self._automatic and self.value == "none" and self._of_effect and floor < 0:
            self.value = floor
            logger.info(
                "darling: %g is subtracted from every quality before it is multiplied by diversity (darling.fusion."
                "shift=auto): %s. Right answers keep their full share of the reward, also in a group of right answers.",
                floor,
                reason,
            )

    def restore(self, value: str | float) -> None:
        """Take over the `value` of an earlier start. A shift that the setting fixes stays."""
        if self._automatic:
            self.value = value

    def _notice(self, lowest: float) -> None:
        if lowest >= (0.0 if self.value == "none" else float(self.value)):
            return
        self.value = float(math.floor(lowest))
        logger.warning(
            "darling: negative quality (lowest %.4g). Multiplied by diversity, it would give the more distinct of "
            "two bad responses the lower reward. So from now on %g is subtracted from every quality first (the "
            "lowest score, rounded down). Set darling.fusion.shift to the lowest score that your verifier gives, to "
            "group_min, or to none.",
            lowest,
            self.value,
        )
