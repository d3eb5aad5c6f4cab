"""Limits of an axis that a few extreme values do not decide: one slow first step must not flatten all others."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST = 8  # values; of fewer, each is shown
FAR = 3.0  # times the spread of the middle nine tenths, beyond which a value is left out
LEFT_OUT = 0.05  # share of the values that may be left out, at least one


def robust_limits(values: Sequence[float]) -> tuple[float, float]:
    """(low, high) of the values without the extreme ones. More than a few of them are no exception, and stay.

    Raises `ValueError` for no values, as `min` does.
    """
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    if len(ordered) < FEWEST:
        return low, high
    cut = max(1, int(len(ordered) * LEFT_OUT))
    inner_low, inner_high = ordered[cut], ordered[-1 - cut]
    spread = (inner_high - inner_low) or abs(inner_high) * 0.1
    if spread == 0:
        return low, high
    kept = [value for value in ordered if inner_low - FAR * spread <= value <= inner_high + FAR * spread]
    return kept[0], kept[-1]
