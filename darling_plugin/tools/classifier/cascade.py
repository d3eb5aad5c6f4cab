"""Where a cheap classifier is clear enough: the bounds of a cascade (`similarity/cascade.py`), from pairs.

No labels are needed: the second classifier is the truth here, and the first must not contradict it. Of the pairs that
the second calls equivalent, at most a share `most` may lie below `low`; of those above `high`, at most that share
may be ones that the second calls distinct. A partition is a closure, where one wrong "equivalent" joins two classes and
one missed may part one, so the share is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.similarity.cascade import CascadeCard, settle
from darling_plugin.similarity.classifier.similarity import ClassifierSimilarity

MOST = 0.01


@dataclass(frozen=True)
class Bounds:
    """P < low is distinct, P > high equivalent, by the first classifier alone. Shares are of all pairs.

    settled: that the first settles. agreement: on which the cascade says what the second says.
    """

    low: float
    high: float
    pairs: int
    equivalent: float
    settled: float
    agreement: float


def choose_bounds(p: np.ndarray, equivalent: np.ndarray, most: float = MOST) -> Bounds:
    """Bounds for the first classifier's P, given which pairs the second calls equivalent.

    Args:
        p: (pairs,), in [0, 1].
        equivalent: (pairs,), bool.
        most: share of wrongly settled pairs on either side.

    Pairs that are all equivalent, or all distinct, choose nothing and are an error.
    """
    if not 0 < equivalent.sum() < len(p):
        raise InputError(
            f"the second classifier calls {int(equivalent.sum())} of {len(p)} pairs equivalent; a cascade's bounds "
            "need pairs of both kinds"
        )
    # Bounds lie half way between two P that occur: the same pair in another batch has another last digit.
    values = np.unique(np.concatenate([[0.0, 1.0], p]))
    between = (values[1:] + values[:-1]) / 2
    positive = np.sort(p[equivalent])
    lowest = positive[int(most * len(positive))]  # the ones below it may be lost
    low = float(np.max(between[between < lowest], initial=0.0))
    # As far down as the share of distinct ones among those above stays within `most`.
    fits = [bound for bound in between[between >= low] if (~equivalent[p > bound]).sum() <= most * (p > bound).sum()]
    high = float(min(fits, default=1.0))
    said, asked = settle(p, low, high)
    said[asked] = equivalent[asked]
    return Bounds(
        low=low,
        high=high,
        pairs=len(p),
        equivalent=float(equivalent.mean()),
        settled=1 - len(asked) / len(p),
        agreement=float((said == equivalent).mean()),
    )


def make_cascade(
    first: str,
    second: str,
    pairs: Sequence[tuple[str, str]],
    out: Path,
    *,
    most: float = MOST,
    device: str | None = None,
) -> Bounds:
    """Choose the bounds on these pairs and write the cascade's file."""
    cheap, expensive = ClassifierSimilarity(first, device), ClassifierSimilarity(second, device)
    bounds = choose_bounds(cheap(pairs), expensive(pairs) > expensive.default_threshold, most)
    provenance = {"most": most, "pairs": bounds.pairs, "settled": bounds.settled, "agreement": bounds.agreement}
    card = CascadeCard(
        first=_relative(first, out),
        second=_relative(second, out),
        low=bounds.low,
        high=bounds.high,
        provenance=provenance,
    )
    out.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return bounds


def _relative(model: str, file: Path) -> str:
    """A folder beside the file, or below it, by its way from there: the two can then be moved together."""
    folder, home = Path(model).expanduser(), file.expanduser().resolve().parent
    if not folder.is_dir():
        return model
    resolved = folder.resolve()
    return str(resolved.relative_to(home)) if resolved.is_relative_to(home) else str(resolved)
