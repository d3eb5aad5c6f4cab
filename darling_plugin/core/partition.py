"""Classes of equivalent responses.

Two responses of a prompt are equivalent when P > threshold; a class is what the transitive closure of those verdicts
joins (arXiv 2509.02534, section 3). The result equals scoring every pair, but fewer pairs are scored: see
`questions.py`. Each round is one call of the similarity with the pairs of every group of the batch; pairs never cross
prompts. An unordered pair of texts is scored at most once per group, with the text that appears first in front.

A group of one is one class and needs no score. Identical responses are scored like any other pair.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows
from darling_plugin.core.pair_scoring import PairScorer, are_equivalent
from darling_plugin.core.questions import GroupQuestions, Questions
from darling_plugin.core.representatives import RepresentativeQuestions
from darling_plugin.core.rules import PairRule, Rules, pair_rules
from darling_plugin.core.rules import short_text_rule as rule_called

LEFT_OUT = -1
"""The label of a response that is in no class, because only correct responses were partitioned."""

STRATEGIES = ("exact", "representatives")

Lookup = Callable[[list[tuple[str, str]]], np.ndarray]
"""lookup(pairs)[k] = P of pairs[k] where it was scored before, NaN where it was not."""


@dataclass(frozen=True)
class PartitionRule:
    """How groups are partitioned: arguments of `find_partition` that a run keeps."""

    threshold: float
    short_text_rule: str | bool
    strategy: Literal["exact", "representatives"] = "exact"
    domain: PairRule | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "short_text_rule", rule_called(self.short_text_rule))

    @property
    def rules(self) -> Rules:
        """What decides pairs before the similarity is asked."""
        return pair_rules(self.short_text_rule, self.domain)


@dataclass(frozen=True)
class Partition:
    """`labels` (rows,): class of each row within its uid, −1 = left out. Then what it cost, over the whole batch."""

    labels: np.ndarray
    scored: int
    """Pairs that the similarity scored."""
    skipped: int
    """Pairs of partitioned siblings that it did not have to score: scored + skipped is the number of all such pairs."""
    rounds: int
    """Calls of the similarity."""
    looked_up: int = 0
    """Pairs that had been scored before; they count as skipped."""


def find_partition(
    responses: Sequence[str],
    uid: Sequence[Hashable] | np.ndarray,
    similarity: PairScorer,
    *,
    threshold: float = 0.5,
    correct: Sequence[bool] | np.ndarray | None = None,
    short_text_rule: str | bool = "authors",
    domain: PairRule | None = None,
    strategy: Literal["exact", "representatives"] = "exact",
    skip_implied: bool = True,
    lookup: Lookup | None = None,
) -> Partition:
    """Label each response with its class, and count what that cost.

    Args:
        responses: the texts of a batch.
        uid: uid[i] names the prompt of response i.
        similarity: similarity(pairs)[k] = P(the two texts of pairs[k] are equivalent), in [0, 1].
        threshold: two responses are equivalent when P is above it.
        correct: when given, only these are partitioned; the others get −1.
        short_text_rule: "form", "authors" or "none": what decides pairs of short texts (`rules.py`).
        domain: a rule that comes before it.
        strategy: "exact" finds the transitive closure of all verdicts; "representatives" scores each response against
            one member of each class, which is cheaper and may give more classes.
        skip_implied: whether "exact" skips the pairs that the classes imply already. The classes are the same.
        lookup: scores given before, for "exact": those pairs are not scored again, and the classes are the same.
    """
    texts = checks.texts("responses", responses)
    groups = group_rows(uid)
    checks.same_length("uid", len(groups.index), len(texts), "responses")
    threshold = checks.fraction("threshold", threshold)
    checks.choice("strategy", strategy, STRATEGIES)
    rules = pair_rules(short_text_rule, domain)
    rows_of_groups = groups.rows
    if correct is not None:
        kept = checks.flags("correct", correct, len(texts), "responses").tolist()
        rows_of_groups = [[row for row in rows if kept[row]] for rows in groups.rows]

    questions = [_questions([texts[row] for row in rows], rules, strategy, skip_implied) for rows in rows_of_groups]
    looked_up = _look_up(questions, lookup, threshold) if lookup is not None and strategy == "exact" else 0
    scored, rounds = _score(questions, similarity, threshold)
    labels = np.full(len(texts), LEFT_OUT, dtype=np.int64)
    for rows, group in zip(rows_of_groups, questions, strict=True):
        labels[rows] = group.labels()
    all_pairs = sum(len(rows) * (len(rows) - 1) // 2 for rows in rows_of_groups)
    return Partition(labels=labels, scored=scored, skipped=all_pairs - scored, rounds=rounds, looked_up=looked_up)


def _score(questions: list[Questions], similarity: PairScorer, threshold: float) -> tuple[int, int]:
    """Score pairs, a round of all groups at a time, until every class is known; (pairs scored, rounds)."""
    scored = rounds = 0
    waiting = questions
    while batch := [(group, pairs) for group in waiting if (pairs := group.next_pairs())]:
        of_text = [(group.texts[i], group.texts[j]) for group, pairs in batch for i, j in pairs]
        verdicts = iter(are_equivalent(similarity, of_text, threshold))
        for group, pairs in batch:
            # The pairs come first in zip: the other way round it would eat a verdict of the next group.
            for (i, j), equivalent in zip(pairs, verdicts, strict=False):
                if equivalent:
                    group.record(i, j)
        scored, rounds = scored + len(of_text), rounds + 1
        waiting = [group for group, _ in batch]
    return scored, rounds


def _questions(texts: list[str], rules: Rules, strategy: str, skip_implied: bool) -> Questions:
    if strategy == "representatives":
        return RepresentativeQuestions(texts, rules=rules)
    return GroupQuestions(texts, rules=rules, ask_all=not skip_implied)


def _look_up(questions: list[Questions], lookup: Lookup, threshold: float) -> int:
    """Settle what is known already in each group; the number of verdicts."""
    known = 0
    for group in questions:
        assert isinstance(group, GroupQuestions)
        pairs = group.open_pairs()
        p = np.asarray(lookup([(group.texts[i], group.texts[j]) for i, j in pairs]), dtype=np.float64)
        found = np.flatnonzero(~np.isnan(p)).tolist()
        group.settle({pairs[k]: bool(p[k] > threshold) for k in found})
        known += len(found)
    return known
