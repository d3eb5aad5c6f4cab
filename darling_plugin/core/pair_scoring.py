"""One call of the similarity, and the check of what it returned."""

from collections.abc import Callable
from typing import Any

import numpy as np

from darling_plugin.errors import SimilarityError

PairScorer = Callable[[list[tuple[str, str]]], Any]
"""similarity(pairs)[k] = P(the two texts of pairs[k] are equivalent): one number in [0, 1] per pair."""


def are_equivalent(similarity: PairScorer, pairs: list[tuple[str, str]], threshold: float) -> list[bool]:
    """are_equivalent(...)[k] = whether P of pairs[k] > threshold, strictly. Errors of the similarity rise."""
    return (score_pairs(similarity, pairs) > threshold).tolist()


def score_pairs(similarity: PairScorer, pairs: list[tuple[str, str]]) -> np.ndarray:
    """score_pairs(...)[k] = P of pairs[k], float64, shape (len(pairs),). Raises `SimilarityError` for all else."""
    answer = similarity(pairs)
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
    return probability
