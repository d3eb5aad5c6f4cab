"""The service runs a cascade, and a bi-encoder, with each text read once."""

import numpy as np
import pytest
from chaotic_workers import Oracle
from tiny_bert import make_encoder
from tiny_classifier import make_classifier

from darling_plugin.config import ServiceSettings
from darling_plugin.core import PartitionRule, find_partition
from darling_plugin.service.build import PlainReader, start_service
from darling_plugin.service.cached_model import Asker
from darling_plugin.service.counts import Counts
from darling_plugin.service.pool import Pool
from darling_plugin.service.service import PartitionService
from darling_plugin.service.verdicts import Cascade, Verdicts
from darling_plugin.similarity import ClassifierSimilarity
from darling_plugin.similarity.classifier.memory import Memory


class Initials:
    """Reads texts one by one: their first letter as a number. P = 1 for the same letter, 1/2 for neighbors, else 0."""

    reads = "texts"

    def items(self, pairs):
        return list(dict.fromkeys(text for pair in pairs for text in pair))

    def probabilities(self, pairs, rows):
        apart = np.array([abs(rows[a][0] - rows[b][0]) for a, b in pairs])
        return np.where(apart == 0, 1.0, np.where(apart == 1, 0.5, 0.0))


def initials(texts):
    return np.array([[float(ord(text[0]))] for text in texts])


@pytest.fixture
def cascade():
    """The first is sure but for neighboring letters; the second says that those are the same. And both workers."""
    cheap, dear = Oracle(initials, "cheap"), Oracle(lambda items: np.ones((len(items), 1)), "dear")
    counts = Counts()

    async def make():
        first = Verdicts(Initials(), Asker(Pool([cheap], counts), Memory()))
        second = Verdicts(PlainReader(), Asker(Pool([dear], counts), Memory()))
        return Cascade(first, second, low=0.4, high=0.6)

    service = PartitionService(make, counts, PartitionRule(threshold=0.5, short_text_rule=False))
    yield service, cheap, dear
    service.close()


def test_only_doubtful_pairs_reach_the_second_and_each_text_is_read_once(cascade):
    service, cheap, dear = cascade
    # a, b are neighbors and x is far: a ~ b by the second, x alone by the first.
    assert service.partition(["a1", "b1", "x1", "a2"], [0] * 4).labels.tolist() == [0, 0, 1, 0]
    assert sorted(text for batch in cheap.asked for text in batch) == ["a1", "a2", "b1", "x1"]
    assert {frozenset(text[0] for text in pair) for batch in dear.asked for pair in batch} == {frozenset("ab")}


def test_responses_are_read_as_they_come_in(cascade):
    service, cheap, _ = cascade
    service.submit(0, "a1")
    service.submit(0, "x1")
    assert service.partition(["a1", "x1"], [0, 0]).labels.tolist() == [0, 1]
    assert sum(map(len, cheap.asked)) == 2


def test_a_bi_encoder_reads_each_response_once(tmp_path):
    similarity = ClassifierSimilarity(
        str(make_classifier(tmp_path / "c", make_encoder(tmp_path), scale=100.0, bias=-95.0))
    )
    texts = ["a red apple", "the red apple", "paris", "rome and oslo", "i would say lemon", "a red apple"]
    service = start_service(similarity, PartitionRule(0.5, False), ServiceSettings(backend="local"), backend="local")
    found = service.partition(texts, [0] * 6)
    counts = service.counts()
    service.close()
    assert found.labels.tolist() == find_partition(texts, [0] * 6, similarity, short_text_rule=False).labels.tolist()
    assert counts.read == 5 and counts.batches == 1
