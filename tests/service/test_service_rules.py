"""Rules come before the similarity in a service and in a step alike, for classes and for all P of a group."""

import numpy as np
import pytest

from darling_plugin import partition
from darling_plugin.config import ServiceSettings, parse_settings
from darling_plugin.service.build import start_service
from darling_plugin.similarity import LexicalSimilarity
from darling_plugin.step import Rollouts, Step

LOOP = "def total(xs):\n    result = 0\n    for x in xs:\n        result += x\n    return result\n"
RENAMED = LOOP.replace("xs", "values").replace("result", "s").replace("x ", "v ").replace("+= x", "+= v")
TEXTS = [LOOP, RENAMED, "Paris", "**Paris**.", "def total(xs):\n    return sum(xs)\n"]
CLASSES = [0, 0, 1, 1, 2]


@pytest.fixture
def settings():
    return parse_settings({"similarity": {"name": "lexical", "domain": "code", "threshold": 0.9}})


def test_the_service_the_step_and_the_function_agree(settings):
    rule = settings.partition_rule(LexicalSimilarity())
    service = start_service(LexicalSimilarity(), rule, ServiceSettings(backend="local"), backend="local")
    try:
        for text in TEXTS:
            service.submit("p", text)
        assert service.partition(TEXTS, ["p"] * 5).labels.tolist() == CLASSES
        assert service.probabilities([(LOOP, RENAMED), ("Paris", "Paris."), ("42", "43")]).tolist() == [1, 1, 0]
    finally:
        service.close()
    step = Step(settings)(Rollouts(TEXTS, ["p"] * 5, np.ones(5)))
    assert step.labels.tolist() == CLASSES
    assert partition(TEXTS, ["p"] * 5, "lexical", domain="code", threshold=0.9).tolist() == CLASSES


def test_an_objective_without_a_threshold_pays_nothing_for_a_full_stop():
    node = {"objective": "soft_darling", "similarity": {"name": "lexical"}, "diversity": {"floor": 0}}
    found = Step(parse_settings(node))(Rollouts(["Paris", "Paris.", "**paris**"], ["p"] * 3, np.ones(3)))
    assert found.diversity.tolist() == [0, 0, 0]
