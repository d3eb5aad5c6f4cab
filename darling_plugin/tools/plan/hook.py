"""The work that remains for the trainer's process once a bi-encoder has read a step: keys, memory, words, classes.

    seconds = responses × response_s + pairs × pair_s

Timed on the service itself, whose memory holds what a forward pass would have said: random unit vectors, and the words
of the texts. Seconds are those that all threads of this process worked, so that they are one core's, busy or not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from darling_plugin.config import ServiceSettings
from darling_plugin.core import PartitionRule
from darling_plugin.service.build import start_service
from darling_plugin.similarity import ClassifierSimilarity
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.facts import FactReader
from darling_plugin.similarity.classifier.reading import SEGMENTS
from darling_plugin.similarity.classifier.rows import pack_facts

DIMENSIONS = 384


class HookCost(NamedTuple):
    """Seconds of one core: of each response, and of each pair of siblings."""

    response_s: float
    pair_s: float

    def seconds(self, prompts: int, n: int) -> float:
        return prompts * n * self.response_s + prompts * n * (n - 1) / 2 * self.pair_s


def hook_seconds(groups: Sequence[Sequence[str]]) -> float:
    """Seconds in which the shipped classifier's service finds the classes of these groups, all of them read before."""
    similarity: Any = ClassifierSimilarity(device="cpu")
    rule = PartitionRule(threshold=similarity.default_threshold, short_text_rule=similarity.short_text_rule)
    reader, rng = FactReader.load(DEFAULT_FOLDER), np.random.default_rng(0)
    texts = [text for group in groups for text in group]
    uid = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    service = start_service(similarity, rule, ServiceSettings(backend="local"), backend="local")
    try:
        memory = service.memories["similarity"]
        for text in texts:
            vectors = rng.normal(size=(1 + SEGMENTS, DIMENSIONS))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            memory.keep([text], [pack_facts(vectors, reader.read(text))])
        start = time.process_time()
        service.partition(texts, uid)
        seconds = time.process_time() - start
        if service.counts().read:
            raise RuntimeError("the service's memory did not hold all responses of the step")
        return seconds
    finally:
        service.close()


def fit(small: Sequence[Sequence[str]], large: Sequence[Sequence[str]]) -> HookCost:
    """From the times of groups of few and of groups of many: two equations for two numbers; neither is below 0."""
    shapes = [(sum(map(len, groups)), sum(len(g) * (len(g) - 1) // 2 for g in groups)) for groups in (small, large)]
    times = [hook_seconds(small), hook_seconds(large)]
    response_s, pair_s = np.linalg.solve(np.array(shapes, dtype=np.float64), np.array(times))
    return HookCost(max(0.0, float(response_s)), max(0.0, float(pair_s)))
