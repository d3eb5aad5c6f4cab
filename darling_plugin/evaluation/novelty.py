"""NoveltyBench (Zhang et al. 2025, arXiv 2504.05228): how many of k responses a patient user finds new, and how good.

    distinct_k = number of equivalence classes among k responses
    utility_k  = (1 − p) / (1 − p^k) · Σ over i = 1 … k of p^(i−1) · [response i opens a class] · u_i

u_i is the response's score from 1 to 10 and p the chance that the user reads on after each response, 0.8 there. Both
as in `partition.py`, `score.py` and `summarize.py` of github.com/novelty-bench/novelty-bench, which samples k = 10. Its
classes are greedy: a response joins the first class whose *first member* it is equivalent to. `core.partition`, the
training reward, takes the transitive closure instead; of the same verdicts it never makes more classes.

The evaluation in github.com/facebookresearch/darling has the same partition and thresholds of rewards, and differs in

- utility: Σ of the class-opening scores / k, no patience. That is `utility_k(..., patience=1.0)`.
- quality, which it adds: the mean score of all k responses, also of those that open no class.
- a second scale, `ATHENE_8B`, for the reward model of its writing recipe; the code as published uses the first.

In both, the field `distinct` of `partitions.jsonl` is the highest label: one less than distinct_k. The `mean_distinct`
of NoveltyBench's example submission is the mean of that field: 0.83, where its partitions have 1.83 classes.
"""

from collections.abc import Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.diversity import class_labels
from darling_plugin.core.pair_scoring import PairScorer, are_equivalent
from darling_plugin.core.partition import LEFT_OUT
from darling_plugin.core.rules import PairRule, pair_rules
from darling_plugin.errors import InputError

SKYWORK_GEMMA_2_27B = (-7.71875, -6.28125, -6.0, -5.71875, -5.5, -5.0, -4.375, -3.4375, -2.046875)
"""NoveltyBench's scale, for Skywork-Reward-Gemma-2-27B-v0.2."""

ATHENE_8B = (-4.6875, -4.1562, -3.4844, -2.7812, -2.1719, -1.5781, -0.9141, -0.2295, 0.4414)
"""For Athene-RM-8B: deciles of its rewards, as the DARLING authors list them."""


def distinct_k(labels: Sequence[int] | np.ndarray) -> int:
    """The number of classes among the responses to one prompt: 1 where all are equivalent, k where none are.

    Args:
        labels: the class of each response; −1 (left out) is none. No responses have no classes.
    """
    classes = class_labels(labels, len(labels))
    return len(np.unique(classes[classes != LEFT_OUT]))


def utility_k(
    labels: Sequence[int] | np.ndarray, scores: Sequence[float] | np.ndarray, *, patience: float = 0.8
) -> float:
    """utility_k of the responses to one prompt: the weighted mean of their scores, repetitions counting 0.

    All distinct with one score u: u. All equivalent: (1 − p) / (1 − p^k) · u_1. k = 1: u_1. p = 1, the limit of the
    formula: the plain mean. p = 0: u_1, the user reads no further.

    Args:
        labels: the class of each response, in the order in which the user reads; −1 (left out) opens no class.
        scores: of each response, on any scale; NoveltyBench's is `reward_to_score`.
        patience: p, in [0, 1].

    Example:
        >>> utility_k([0, 0, 1], [10, 10, 5], patience=0.5)  # (10 + 0/2 + 5/4) / (1 + 1/2 + 1/4)
        6.428571428571429
    """
    classes = class_labels(labels, len(labels))
    if not len(classes):
        raise InputError("`labels` must hold at least one response, got none")
    own = checks.numbers("scores", scores, len(classes), "labels")
    weights = checks.fraction("patience", patience) ** np.arange(len(classes))
    opens = np.zeros(len(classes), dtype=bool)
    opens[np.unique(classes, return_index=True)[1]] = True
    opens &= classes != LEFT_OUT
    return float(weights @ (own * opens) / weights.sum())


def reward_to_score(
    rewards: Sequence[float] | np.ndarray, thresholds: Sequence[float] = SKYWORK_GEMMA_2_27B
) -> np.ndarray:
    """score[i] = 1 + the number of thresholds below rewards[i]; 1 … 10 with nine. A reward at a threshold is below it.

    The thresholds belong to one reward model: take another's, and the scores mean nothing.
    """
    limits = checks.numbers("thresholds", thresholds)
    if (np.diff(limits) < 0).any():
        raise InputError(f"`thresholds` must ascend, got {list(thresholds)}")
    return np.searchsorted(limits, checks.numbers("rewards", rewards), side="left") + 1


def greedy_partition(
    texts: Sequence[str],
    equivalent: PairScorer,
    *,
    threshold: float = 0.5,
    short_text_rule: str | bool = "authors",
    domain: PairRule | None = None,
) -> np.ndarray:
    """NoveltyBench's classes of the responses to one prompt, shape (len(texts),), numbered 0 … by first appearance.

    The order of the texts matters where the verdicts are not transitive. Each new class is one call of the similarity:
    its first member with every later text that is in no class yet. There are at most as many calls as classes.

    Args:
        texts: in the order in which they were sampled.
        equivalent: equivalent(pairs)[k] = P(pairs[k] are equivalent), in [0, 1]; True and False will do.
        threshold: two texts are equivalent when P is above it; NoveltyBench's classifier has 0.102.
        short_text_rule: what decides pairs of short texts (`core/rules.py`); "authors" is NoveltyBench's own.
        domain: a rule that comes before it.

    Example:
        >>> greedy_partition(["a", "b", "a"], lambda pairs: [x == y for x, y in pairs])
        array([0, 1, 0])
    """
    listed = checks.texts("texts", texts)
    threshold = checks.fraction("threshold", threshold)
    rules = pair_rules(short_text_rule, domain)
    read = rules.read(listed)
    labels = np.full(len(listed), LEFT_OUT, dtype=np.int64)
    while LEFT_OUT in labels:
        first, *later = np.flatnonzero(labels == LEFT_OUT).tolist()
        labels[first] = new = labels.max() + 1
        asked = []
        for row in later:
            verdict = rules.verdict(read[first], read[row])
            if verdict is None:
                asked.append(row)
            elif verdict.equivalent:
                labels[row] = new
        if asked:
            verdicts = are_equivalent(equivalent, [(listed[first], listed[row]) for row in asked], threshold)
            labels[np.array(asked)[verdicts]] = new
    return labels
