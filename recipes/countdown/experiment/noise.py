"""A similarity with errors.

An error is drawn for each pair of *responses*: copies of a text get names of their own first, so that each pair of
them is scored and can be wrong. Countdown stands for tasks with long texts, where no two responses are worded the
same; a similarity that never errs on copies would hide most of its errors here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darling_plugin.core.pair_scoring import PairScorer, are_equivalent
from darling_plugin.countdown.similarity import equivalent

NAME_AFTER = "\x1f"  # no character of a response; what follows it is the response's own name


class NoisySimilarity:
    """Another similarity's answers, some of them inverted; each call draws anew.

        P(says "same" | different) = false_same,  P(says "different" | same) = false_different

    Args:
        similarity: is right, at `threshold`, about the texts without their names.
        rng: of the errors. The order of the pairs decides which are wrong.
    """

    def __init__(
        self,
        similarity: PairScorer,
        false_same: float,
        false_different: float,
        rng: np.random.Generator,
        threshold: float = 0.5,
    ) -> None:
        self._similarity, self._rng, self._threshold = similarity, rng, threshold
        self._rates = np.array([false_same, false_different])

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        """1.0 or 0.0 for each pair, shape (len(pairs),)."""
        texts = [(a.partition(NAME_AFTER)[0], b.partition(NAME_AFTER)[0]) for a, b in pairs]
        same = np.array(are_equivalent(self._similarity, texts, self._threshold), dtype=bool)
        wrong = self._rng.random(len(pairs)) < self._rates[same.astype(int)]
        return (same ^ wrong).astype(np.float64)


def named(responses: Sequence[str]) -> list[str]:
    """The responses, each with a name that no other has."""
    return [f"{text}{NAME_AFTER}{row}" for row, text in enumerate(responses)]


_a_tenth_wrong = NoisySimilarity(equivalent, 0.1, 0.1, np.random.default_rng(0))


def flipped(pairs: list[tuple[str, str]]) -> np.ndarray:
    """The symbolic similarity, wrong about a tenth of the pairs: that of the method `flipped` in verl.

    verl's job names a function and passes it the bare texts, so copies of a text share one answer there.
    """
    return _a_tenth_wrong(pairs)
