"""Classes of equivalent responses.

Two responses of a prompt are equivalent when the judge's P > threshold; a class is what the transitive closure of
those verdicts joins (arXiv 2509.02534, section 3). The result equals asking every pair, and fewer are asked: see
`questions.py`. Each round is one call of the judge, with the pairs of every group of the batch in it, and pairs never
cross prompts. An unordered pair of texts is asked at most once per group, the text that appears first in front.

A group of one is one class and costs no question. Identical responses are put to the judge like any other pair.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows
from darling_plugin.core.questions import GroupQuestions, Questions
from darling_plugin.core.representatives import RepresentativeQuestions
from darling_plugin.core.verdicts import Judge, ask

LEFT_OUT = -1
"""The label of a response that is in no class, because only correct responses were partitioned."""

STRATEGIES = ("lazy", "all_pairs", "representatives")

Recall = Callable[[list[tuple[str, str]]], np.ndarray]
"""recall(pairs)[k] = P of pairs[k] where a verdict on it was given before, NaN where none was."""


@dataclass(frozen=True)
class Partition:
    """`labels` (rows,): class of each row within its uid, −1 = left out. Then what it cost, over the whole batch."""

    labels: np.ndarray
    asked: int
    """Verdicts that the judge gave."""
    avoided: int
    """Pairs of partitioned siblings that were not asked: asked + avoided is the number of all such pairs."""
    rounds: int
    """Calls of the judge."""
    recalled: int = 0
    """Verdicts that were known before; they count as avoided."""


def find_partition(
    responses: Sequence[str],
    uid: Sequence[Hashable] | np.ndarray,
    similarity: Judge,
    *,
    threshold: float = 0.5,
    correct: Sequence[bool] | np.ndarray | None = None,
    short_text_rule: bool = True,
    strategy: Literal["lazy", "all_pairs", "representatives"] = "lazy",
    recall: Recall | None = None,
) -> Partition:
    """`partition`, with the number of questions.

    Args:
        strategy: "lazy" skips what the classes imply; "all_pairs" asks every pair in one round and gives the same
            classes; "representatives" asks about one member of each class and may give more classes.
        recall: verdicts given before, for "lazy": they are not asked again, and the classes are the same.
    """
    texts = checks.texts("responses", responses)
    groups = group_rows(uid)
    checks.same_length("uid", len(groups.index), len(texts), "responses")
    threshold = checks.fraction("threshold", threshold)
    checks.choice("strategy", strategy, STRATEGIES)
    rule = checks.flag("short_text_rule", short_text_rule)
    rows_of_groups = groups.rows
    if correct is not None:
        kept = checks.flags("correct", correct, len(texts), "responses").tolist()
        rows_of_groups = [[row for row in rows if kept[row]] for rows in groups.rows]

    questions = [_questions([texts[row] for row in rows], rule, strategy) for rows in rows_of_groups]
    recalled = _recall(questions, recall, threshold) if recall is not None and strategy == "lazy" else 0
    asked = rounds = 0
    waiting = questions
    while batch := [(group, pairs) for group in waiting if (pairs := group.next_pairs())]:
        of_text = [(group.texts[i], group.texts[j]) for group, pairs in batch for i, j in pairs]
        verdicts = iter(ask(similarity, of_text, threshold))
        for group, pairs in batch:
            # The pairs come first in zip: the other way round it would eat a verdict of the next group.
            for (i, j), equivalent in zip(pairs, verdicts, strict=False):
                if equivalent:
                    group.record(i, j)
        asked, rounds = asked + len(of_text), rounds + 1
        waiting = [group for group, _ in batch]

    labels = np.full(len(texts), LEFT_OUT, dtype=np.int64)
    for rows, group in zip(rows_of_groups, questions, strict=True):
        labels[rows] = group.labels()
    all_pairs = sum(len(rows) * (len(rows) - 1) // 2 for rows in rows_of_groups)
    return Partition(labels=labels, asked=asked, avoided=all_pairs - asked, rounds=rounds, recalled=recalled)


def _questions(texts: list[str], short_text_rule: bool, strategy: str) -> Questions:
    if strategy == "representatives":
        return RepresentativeQuestions(texts, short_text_rule=short_text_rule)
    return GroupQuestions(texts, short_text_rule=short_text_rule, ask_all=strategy == "all_pairs")


def _recall(questions: list[Questions], recall: Recall, threshold: float) -> int:
    """Settle what is known already in each group; the number of verdicts."""
    known = 0
    for group in questions:
        assert isinstance(group, GroupQuestions)
        pairs = group.open_pairs()
        p = np.asarray(recall([(group.texts[i], group.texts[j]) for i, j in pairs]), dtype=np.float64)
        found = np.flatnonzero(~np.isnan(p)).tolist()
        group.settle({pairs[k]: bool(p[k] > threshold) for k in found})
        known += len(found)
    return known


def partition(
    responses: Sequence[str],
    uid: Sequence[Hashable] | np.ndarray,
    similarity: Judge,
    *,
    threshold: float = 0.5,
    correct: Sequence[bool] | np.ndarray | None = None,
    short_text_rule: bool = True,
) -> np.ndarray:
    """Label each response with its class, shape (len(responses),): 0 … within each uid, by first appearance.

    Args:
        responses: the texts of a batch.
        uid: uid[i] names the prompt of response i.
        similarity: similarity(pairs)[k] = P(the two texts of pairs[k] are equivalent), in [0, 1].
        threshold: two responses are equivalent when P is above it.
        correct: when given, only these are partitioned; the others get −1.
        short_text_rule: settle pairs of texts of at most five words without the judge, as the authors do.

    Example:
        >>> partition(["yes", "no", "yes"], ["p", "p", "p"], lambda pairs: [a == b for a, b in pairs])
        array([0, 1, 0])
    """
    return find_partition(
        responses, uid, similarity, threshold=threshold, correct=correct, short_text_rule=short_text_rule
    ).labels
