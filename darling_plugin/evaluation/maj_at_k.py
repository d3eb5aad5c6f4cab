"""maj@k: how often the most frequent of k answers is correct (self-consistency, Wang et al. 2022, arXiv 2203.11171).

    maj@k = mean over all subsets of k of the n samples of  (correct answers at the top) / (answers at the top)

so a tie is split evenly, which is what breaking it at random gives on average. No subset is drawn: for every correct
answer j and number of votes t, what is summed is

    P(j has t votes, s others have t, none has more) / (s + 1)

The votes of answers that occur m_1, m_2, … times, k drawn without replacement, are distributed as independent
binomials (m_i, p) whose sum is k, whatever p: hence a product of short polynomials, with terms that are all positive
and neither overflow nor cancel. Fast to some hundreds of samples; a thousand can take seconds.

No answer correct: 0. All correct: 1. k = 1, where every vote ties with none: the share of correct samples. k = n: the
one vote of all samples. A sample without an answer (None) is drawn like any other and does not vote; where nobody
votes, nothing is correct.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from math import exp, lgamma, log

import numpy as np

from darling_plugin.core import checks
from darling_plugin.errors import InputError


def maj_at_k(answers: Sequence[Hashable], correct: Sequence[bool] | np.ndarray, k: int) -> float:
    """maj@k of one problem, exact up to rounding, in [0, 1].

    Args:
        answers: the answer taken from each of n samples, in a form in which equal answers compare equal ("0.5" and
            "1/2" are two answers); None where there is none.
        correct: whether each is correct; equal answers must agree.
        k: samples that vote, 1 ≤ k ≤ n.

    Example:
        >>> round(maj_at_k(["7", "7", "5"], [True, True, False], k=2), 4)  # 7 and 7: 1; 7 and 5, twice: 1/2 each
        0.6667
    """
    k = checks.at_least_one("k", k)
    listed = _answers(answers)
    n = len(listed)
    if k > n:
        raise InputError(f"`k` must be at most the number of answers, got k={k} and {n} answers; set a smaller k")
    right = _correct_answers(listed, checks.flags("correct", correct, n, "answers").tolist())
    counts = Counter(answer for answer in listed if answer is not None)
    votes = {m: _binomial(m, k / (n + 1)) for m in {*counts.values(), listed.count(None), n}}
    total = 0.0
    for m, alike in Counter(counts[answer] for answer in right).items():  # answers that occur equally often count alike
        others = list((Counter(counts.values()) - Counter([m])).elements())
        for t in range(1, min(m, k) + 1):
            tied = _tied(others, listed.count(None), t, k - t, votes)
            total += alike * votes[m][t] * float(tied @ (1 / np.arange(1, len(tied) + 1)))
    return min(float(total / votes[n][k]), 1.0)


def _tied(others: list[int], silent: int, t: int, drawn: int, votes: dict[int, np.ndarray]) -> np.ndarray:
    """tied[s] = P(the others and the silent samples are `drawn` in all, s answers have t votes, none has more)."""
    table = np.zeros((1, drawn + 1))  # table[s, u]: s answers with t votes, u samples drawn so far
    table[0, : silent + 1] = votes[silent][: drawn + 1]
    for m in others:
        wider = np.zeros((min(len(table) + (m >= t), drawn // t + 1), drawn + 1))
        for u, probability in enumerate(votes[m][: min(t, drawn) + 1]):
            here = wider[int(u == t) :][: len(table)]
            here[:, u:] += probability * table[: len(here), : drawn + 1 - u]
        table = wider
    return table[:, drawn]


def _binomial(m: int, p: float) -> np.ndarray:
    """P(u of m) for u = 0 … m, each drawn with probability 0 < p < 1."""
    return np.array(
        [
            exp(lgamma(m + 1) - lgamma(u + 1) - lgamma(m - u + 1) + u * log(p) + (m - u) * log(1 - p))
            for u in range(m + 1)
        ]
    )


def _answers(answers: Sequence[Hashable]) -> list[Hashable]:
    if isinstance(answers, str):
        raise InputError("`answers` must be a sequence with one answer per sample, got one string; put it in a list")
    listed = list(answers)
    for row, answer in enumerate(listed):
        if not isinstance(answer, Hashable):
            raise InputError(f"`answers[{row}]` must be hashable, got {type(answer).__name__}: {answer!r}")
    return listed


def _correct_answers(answers: list[Hashable], correct: list[bool]) -> list[Hashable]:
    """The distinct answers that are correct, by first appearance."""
    verdicts: dict[Hashable, bool] = {}
    for row, (answer, verdict) in enumerate(zip(answers, correct, strict=True)):
        if answer is None and verdict:
            raise InputError(
                f"`correct[{row}]` is True, but `answers[{row}]` is None; a missing answer is never correct"
            )
        if verdicts.setdefault(answer, verdict) != verdict:
            raise InputError(
                f"`correct` must be the same for equal answers, got both True and False for {answer!r}; write the "
                "answers in one canonical form"
            )
    return [answer for answer, verdict in verdicts.items() if verdict]
