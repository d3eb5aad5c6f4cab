"""Parity with the authors' code: 60 batches that it was run on, every column."""

import json
from pathlib import Path

import numpy as np
import pytest

from darling_plugin import fuse_rewards, group_advantages, ngram_diversity, partition, partition_diversity

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "official_rewards.json").read_text())


def oracle(vector):
    """The probabilities in the file are per pair of rows; two pairs of rows with the same texts are a conflict."""
    texts = vector["responses"]
    probability = {}
    for i, j, p in vector["pair_probability"]:
        probability[texts[i], texts[j]] = probability[texts[j], texts[i]] = p
    return lambda pairs: [probability[pair] for pair in pairs]


def labels_of(vector, **options):
    return partition(vector["responses"], vector["uid"], oracle(vector), threshold=vector["threshold"], **options)


@pytest.fixture(params=range(len(VECTORS)))
def vector(request):
    return VECTORS[request.param]


def test_there_are_sixty_vectors():
    assert len(VECTORS) == 60


def test_groups(vector):
    labels, uid = labels_of(vector), vector["uid"]
    rows = {}
    for row, name in enumerate(uid):
        rows.setdefault(name, {}).setdefault(int(labels[row]), []).append(row)
    ours = {name: sorted(classes.values()) for name, classes in rows.items()}
    assert ours == {name: sorted(map(sorted, classes)) for name, classes in vector["expected"]["groups"].items()}


def test_partition(vector):
    diversity = partition_diversity(labels_of(vector), vector["uid"])
    np.testing.assert_allclose(diversity, vector["expected"]["partition"], atol=1e-9)


def test_partition_correct(vector):
    diversity = partition_diversity(labels_of(vector, correct=vector["correct"]), vector["uid"], singleton=0.1)
    np.testing.assert_allclose(diversity, vector["expected"]["partition_correct"], atol=1e-9)


@pytest.mark.parametrize("n", [2, 4])
def test_ngram(vector, n):
    diversity = ngram_diversity(vector["responses"], vector["uid"], n=n)
    np.testing.assert_allclose(diversity, vector["expected"][f"ngram{n}"], atol=1e-9)


@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("multiplicative", {}),
        ("multiplicative_add_bias", {"shift": "group_min"}),
        ("additive", {"mode": "additive"}),
    ],
)
def test_fusion(vector, column, options):
    diversity = partition_diversity(labels_of(vector), vector["uid"])
    rewards = fuse_rewards(vector["quality"], diversity, vector["uid"], **options)
    np.testing.assert_allclose(rewards, vector["expected"][column], atol=1e-9)


def test_advantage(vector):
    diversity = partition_diversity(labels_of(vector), vector["uid"])
    rewards = fuse_rewards(vector["quality"], diversity, vector["uid"])
    advantages = group_advantages(rewards, vector["uid"])
    np.testing.assert_allclose(advantages, vector["expected"]["advantage_no_std"], atol=1e-9)
