"""An encoder that is no classifier is divided, cut and read ahead as one: replicas, GPUs and cores serve it alike."""

import pickle

import numpy as np
import pytest

from darling_plugin.config import ServiceSettings
from darling_plugin.core import PartitionRule
from darling_plugin.service.build import start_service
from darling_plugin.similarity import ClassifierSimilarity, EmbeddingSimilarity, JudgeSimilarity, LexicalSimilarity
from darling_plugin.similarity.base import Divided

TEXTS = ["a red apple is on the table", "on the table is an apple, a red one", "prime numbers have two divisors"]


def test_which_similarities_have_two_halves():
    assert isinstance(EmbeddingSimilarity(), Divided) and isinstance(ClassifierSimilarity(), Divided)
    assert not isinstance(LexicalSimilarity(), Divided)
    assert not isinstance(JudgeSimilarity("judge", "http://localhost:1/v1"), Divided)


@pytest.fixture(scope="module")
def service():
    similarity = EmbeddingSimilarity(device="cpu")
    rule = PartitionRule(threshold=0.5, short_text_rule=False)
    found = start_service(similarity, rule, ServiceSettings(backend="local"), backend="local")
    yield found
    found.close()


def test_a_service_gives_what_the_similarity_gives_and_reads_each_text_once(service):
    pairs = [(TEXTS[0], TEXTS[1]), (TEXTS[1], TEXTS[2]), (TEXTS[0], TEXTS[2])]
    np.testing.assert_allclose(service.probabilities(pairs), EmbeddingSimilarity(device="cpu")(pairs), atol=1e-5)
    assert service.partition(TEXTS, ["p"] * 3).labels.tolist() == [0, 0, 1]
    assert service.vectors(TEXTS).shape == (3, 384)
    assert service.counts().read == 3


def test_what_is_cut_is_counted(service):
    service.counts()
    service.vectors(["long " * 400, "short"])
    counts = service.counts()
    assert (counts.texts, counts.truncated, counts.truncated_share) == (2, 1, 0.5)


def test_the_loader_can_be_sent_to_a_replica():
    forward = pickle.loads(pickle.dumps(EmbeddingSimilarity().loader("cpu")))()
    np.testing.assert_allclose(forward(TEXTS), EmbeddingSimilarity(device="cpu").vectors(TEXTS), atol=1e-6)
