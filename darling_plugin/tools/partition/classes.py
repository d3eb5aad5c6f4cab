"""From responses to classes and diversity; on request P of each pair, and what decided it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from darling_plugin.core import Partition, PartitionRule, find_partition, partition_diversity
from darling_plugin.core.pair_scoring import score_pairs
from darling_plugin.similarity import Similarity
from darling_plugin.similarity.text import read_text
from darling_plugin.tools.partition.what_is_read import shares_read, unreadable

SIMILARITY = "similarity"


@dataclass(frozen=True)
class ScoredPair:
    """P(equivalent) of responses `first` and `second` of a group, by their numbers in it.

    equivalent: the verdict on the two. decided_by: the rule that gives it, or "similarity", by P and the threshold.
    """

    first: int
    second: int
    p: float
    equivalent: bool
    decided_by: str

    @property
    def by_rule(self) -> bool:
        return self.decided_by != SIMILARITY


@dataclass(frozen=True)
class ClassifiedGroup:
    """The responses to one prompt. labels[i], diversity[i] and read[i] are those of responses[i].

    compared[i]: what `darling.similarity.text` leaves of responses[i]. read[i]: share of compared[i] that the
    similarity reads; None is not known. by_characters[i]: whether its script is one that the encoder lacks. pairs, read
    and by_characters are empty where they were not asked for.
    """

    prompt: str
    responses: list[str]
    compared: list[str]
    labels: list[int]
    diversity: list[float]
    threshold: float
    pairs: list[ScoredPair]
    read: list[float | None]
    by_characters: list[bool]

    def nearest(self, *, equivalent: bool) -> ScoredPair | None:
        """Of the pairs that the similarity decided so, the one whose P is closest to the threshold."""
        pairs = [pair for pair in self.pairs if pair.equivalent == equivalent and not pair.by_rule]
        return min(pairs, key=lambda pair: abs(pair.p - self.threshold), default=None)

    def joined(self, pair: ScoredPair) -> bool:
        """Whether two distinct responses are in one class all the same, by others between them."""
        return not pair.equivalent and self.labels[pair.first] == self.labels[pair.second]


def classify(
    groups: Mapping[str, list[str]],
    similarity: Similarity,
    rule: PartitionRule,
    *,
    text: str = "whole",
    pairs: bool = False,
    explain: bool = False,
) -> list[ClassifiedGroup]:
    """Partition every group, as training does.

    Args:
        text: what the similarity reads of each response, as `darling.similarity.text`.
        pairs: also score every pair of each group with the similarity itself, and say what decides it.
        explain: also say how much of each response is read.
    """
    texts = read_text([response for responses in groups.values() for response in responses], text)
    uid = [prompt for prompt, responses in groups.items() for _ in responses]
    labels = _partition(texts, uid, similarity, rule).labels
    diversity = partition_diversity(labels, uid)
    found, start = [], 0
    for prompt, responses in groups.items():
        rows = slice(start, start := start + len(responses))
        found.append(
            ClassifiedGroup(
                prompt=prompt,
                responses=responses,
                compared=texts[rows],
                labels=labels[rows].tolist(),
                diversity=diversity[rows].round(6).tolist(),
                threshold=rule.threshold,
                pairs=_pairs(texts[rows], similarity, rule) if pairs or explain else [],
                read=shares_read(similarity, texts[rows]) if explain else [],
                by_characters=unreadable(similarity, texts[rows]) if explain else [],
            )
        )
    return found


def _partition(texts: list[str], uid: Sequence[str], similarity: Similarity, rule: PartitionRule) -> Partition:
    return find_partition(
        texts,
        uid,
        similarity,
        threshold=rule.threshold,
        short_text_rule=rule.short_text_rule,
        domain=rule.domain,
        strategy=rule.strategy,
    )


def _pairs(texts: list[str], similarity: Similarity, rule: PartitionRule) -> list[ScoredPair]:
    numbers = list(combinations(range(len(texts)), 2))
    if not numbers:
        return []
    p = score_pairs(similarity, [(texts[i], texts[j]) for i, j in numbers])
    rules = rule.rules
    read = rules.read(texts)
    found = []
    for (i, j), value in zip(numbers, p.tolist(), strict=True):
        verdict = rules.verdict(read[i], read[j])
        equivalent = value > rule.threshold if verdict is None else verdict.equivalent
        found.append(ScoredPair(i, j, value, equivalent, SIMILARITY if verdict is None else verdict.rule))
    return found
