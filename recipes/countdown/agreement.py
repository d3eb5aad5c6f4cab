"""How far a similarity agrees with the symbolic one: on pairs of a prompt's responses, and on their classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from darling_plugin import partition
from darling_plugin.core.pair_scoring import PairScorer, are_equivalent
from darling_plugin.countdown.similarity import equivalent
from darling_plugin.similarity import Similarity


@dataclass(frozen=True)
class Agreement:
    """On pairs of different texts, over all prompts; on classes, means over the prompts. None where it would be 0 / 0.

    pair_agreement     share of the pairs on which both say the same
    equivalents_found  share of the equivalent pairs that the similarity calls so
    false_merges       share of the distinct pairs that the similarity calls equivalent
    adjusted_rand      adjusted Rand index of the two partitions (Hubert and Arabie 1985): 1 the same, 0 as by chance
    same_class_count   share of the prompts with as many classes by either
    """

    prompts: int
    responses: int
    pairs: int
    pair_agreement: float | None
    equivalents_found: float | None
    false_merges: float | None
    adjusted_rand: float
    same_class_count: float
    classes: float
    classes_symbolic: float

    @property
    def in_words(self) -> str:
        share = self.pair_agreement
        same = "no pairs" if share is None else f"agree on {share:.2%} of {self.pairs:,} pairs"
        return f"{same}, adjusted Rand index of the classes {self.adjusted_rand:.3f}"


def agreement(
    similarity: Similarity, responses: Sequence[Sequence[str]], symbolic: PairScorer = equivalent
) -> Agreement:
    """Compare the similarity, at its own threshold, with the symbolic one; responses[i] are those to prompt i.

    Classes are found as in training, copies of a text among the responses included; the short-text rule is off for
    both. One response to a prompt is one class by either: they agree.
    """
    from sklearn.metrics import adjusted_rand_score

    pairs = [pair for texts in responses for pair in combinations(dict.fromkeys(texts), 2)]
    said = np.array(are_equivalent(similarity, pairs, similarity.default_threshold), dtype=bool)
    truth = np.array(are_equivalent(symbolic, pairs, 0.5), dtype=bool)

    found = _classes(responses, similarity, similarity.default_threshold)
    exact = _classes(responses, symbolic, 0.5)
    counts = np.array([[len(set(own)) for own in both] for both in zip(found, exact, strict=True)])
    return Agreement(
        prompts=len(responses),
        responses=sum(map(len, responses)),
        pairs=len(pairs),
        pair_agreement=_mean(said == truth),
        equivalents_found=_mean(said[truth]),
        false_merges=_mean(said[~truth]),
        adjusted_rand=float(np.mean([adjusted_rand_score(*both) for both in zip(exact, found, strict=True)])),
        same_class_count=float(np.mean(counts[:, 0] == counts[:, 1])),
        classes=float(counts[:, 0].mean()),
        classes_symbolic=float(counts[:, 1].mean()),
    )


def _classes(responses: Sequence[Sequence[str]], similarity: PairScorer, threshold: float) -> list[list[int]]:
    """The class of each response, a list for each prompt."""
    texts = [text for own in responses for text in own]
    prompt = [number for number, own in enumerate(responses) for _ in own]
    labels = iter(partition(texts, prompt, similarity, threshold=threshold, short_text_rule=False).tolist())
    return [list(islice(labels, len(own))) for own in responses]


def _mean(flags: np.ndarray) -> float | None:
    return float(flags.mean()) if len(flags) else None
