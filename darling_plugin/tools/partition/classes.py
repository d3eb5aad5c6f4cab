"""From responses to classes and diversity, and to P of each pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from darling_plugin.core import find_partition, partition_diversity
from darling_plugin.core.pair_scoring import score_pairs
from darling_plugin.core.rules import pair_rules
from darling_plugin.similarity import Similarity
from darling_plugin.similarity.text import read_text


@dataclass(frozen=True)
class ScoredPair:
    """P(equivalent) of responses `first` and `second` of a group, by their numbers in it.

    by_rule: the rule decides the two, not P.
    """

    first: int
    second: int
    p: float
    by_rule: bool


@dataclass(frozen=True)
class ClassifiedGroup:
    """The responses to one prompt. labels[i] and diversity[i] are those of responses[i]; pairs where asked for."""

    prompt: str
    responses: list[str]
    labels: list[int]
    diversity: list[float]
    pairs: list[ScoredPair]


def classify(
    groups: Mapping[str, list[str]],
    similarity: Similarity,
    *,
    threshold: float | None = None,
    text: str = "whole",
    pairs: bool = False,
) -> list[ClassifiedGroup]:
    """Partition every group, as training does.

    Args:
        threshold: None is the similarity's own.
        text: what the similarity reads of each response, as `darling.similarity.text`.
        pairs: also score every pair of each group, with the similarity itself: no rule comes before it.
    """
    texts = read_text([response for responses in groups.values() for response in responses], text)
    uid = [prompt for prompt, responses in groups.items() for _ in responses]
    labels = find_partition(
        texts,
        uid,
        similarity,
        threshold=similarity.default_threshold if threshold is None else threshold,
        short_text_rule=similarity.short_text_rule,
    ).labels
    diversity = partition_diversity(labels, uid)
    found, start = [], 0
    for prompt, responses in groups.items():
        rows = slice(start, start := start + len(responses))
        scored = _pairs(texts[rows], similarity) if pairs else []
        found.append(
            ClassifiedGroup(prompt, responses, labels[rows].tolist(), diversity[rows].round(6).tolist(), scored)
        )
    return found


def _pairs(texts: list[str], similarity: Similarity) -> list[ScoredPair]:
    numbers = list(combinations(range(len(texts)), 2))
    if not numbers:
        return []
    p = score_pairs(similarity, [(texts[i], texts[j]) for i, j in numbers])
    rules = pair_rules(similarity.short_text_rule)
    read = rules.read(texts)
    return [
        ScoredPair(i, j, value, by_rule=rules.verdict(read[i], read[j]) is not None)
        for (i, j), value in zip(numbers, p.tolist(), strict=True)
    ]
