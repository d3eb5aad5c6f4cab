"""One call of the judge of similarity, and the check of its answer."""

from collections.abc import Callable
from typing import Any

import numpy as np

from darling_plugin.errors import SimilarityError

Judge = Callable[[list[tuple[str, str]]], Any]
"""judge(pairs)[k] = P(the two texts of pairs[k] are equivalent): one number in [0, 1] per pair."""


def ask(judge: Judge, pairs: list[tuple[str, str]], threshold: float) -> list[bool]:
    """ask(...)[k] = the judge holds pairs[k] equivalent: P > threshold, strictly. Errors of the judge rise."""
    answer = judge(pairs)
    try:
        probability = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SimilarityError(
            f"`similarity` must return one probability per pair, got {type(answer).__name__}"
        ) from error
    if probability.shape != (len(pairs),):
        raise SimilarityError(
            f"`similarity` must return one probability per pair, shape ({len(pairs)},) for {len(pairs)} pairs; "
            f"got shape {probability.shape}"
        )
    valid = (probability >= 0.0) & (probability <= 1.0)
    if not valid.all():
        worst = int(np.argmin(valid))
        raise SimilarityError(
            f"`similarity` must return probabilities in [0, 1]; got {probability[worst]} for pair {worst} "
            f"of {len(pairs)} ({int((~valid).sum())} are wrong)"
        )
    return (probability > threshold).tolist()
