"""Who judges in a run, and how wrong verdicts are put in.

A wrong verdict is drawn for each pair of *responses*: copies of a text are given names of their own first, so that
each pair of them is asked about and can be got wrong. In the long texts that Countdown stands for no two responses are
worded the same, and a judge that never errs on copies would hide most of its errors here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darling_plugin.core.pair_scoring import PairScorer, are_equivalent
from darling_plugin.countdown.judge import equivalent

NAME_AFTER = "\x1f"  # no character of a response; what follows it is the response's own name


class NoisyJudge:
    """Another judge's verdicts, some of them turned round; each call draws anew.

        P(says "same" | different) = false_same,  P(says "different" | same) = false_different

    Args:
        judge: says what is right, at `threshold`, of the texts without their names.
        rng: of the errors. The order of the pairs decides which are wrong.
    """

    def __init__(
        self,
        judge: PairScorer,
        false_same: float,
        false_different: float,
        rng: np.random.Generator,
        threshold: float = 0.5,
    ) -> None:
        self._judge, self._rng, self._threshold = judge, rng, threshold
        self._rates = np.array([false_same, false_different])

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        """1.0 or 0.0 for each pair, shape (len(pairs),)."""
        texts = [(a.partition(NAME_AFTER)[0], b.partition(NAME_AFTER)[0]) for a, b in pairs]
        same = np.array(are_equivalent(self._judge, texts, self._threshold), dtype=bool)
        wrong = self._rng.random(len(pairs)) < self._rates[same.astype(int)]
        return (same ^ wrong).astype(np.float64)


def named(responses: Sequence[str]) -> list[str]:
    """The responses, each with a name that no other has."""
    return [f"{text}{NAME_AFTER}{row}" for row, text in enumerate(responses)]


_a_tenth_wrong = NoisyJudge(equivalent, 0.1, 0.1, np.random.default_rng(0))


def flipped(pairs: list[tuple[str, str]]) -> np.ndarray:
    """The symbolic judge, wrong about a tenth of what it is asked: the similarity of the method `flipped` in verl.

    verl's job names a function, and shows it the bare texts: copies of a text share a verdict there.
    """
    return _a_tenth_wrong(pairs)
