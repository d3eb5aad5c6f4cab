"""The registry, and what holds for every objective in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.config import parse_settings
from darling_plugin.core import fuse_rewards, group_advantages, partition_diversity
from darling_plugin.errors import ConfigError
from darling_plugin.objectives import NEEDS, OBJECTIVES, Batch, Grpo, Objective, darling_advantages


def build(name, **node) -> Objective:
    return parse_settings({"objective": name, **node}).build_objective()


@st.composite
def batches(draw):
    """Up to 12 responses in interleaved groups, with all that an objective can need."""
    rows = draw(st.integers(0, 12))
    uid = np.empty(rows, dtype=object)
    uid[:] = draw(st.lists(st.sampled_from("pqr"), min_size=rows, max_size=rows))
    quality = np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=rows, max_size=rows)), dtype=float)
    raw = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    words = [f"word{label} and more" for label in raw]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    vectors = rng.normal(size=(rows, 3))
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    groups = [np.flatnonzero(uid == name) for name in dict.fromkeys(uid.tolist())]
    same = np.array([[float(a == b) for b in raw] for a in raw]).reshape(rows, rows)
    return Batch(
        uid=uid,
        texts=words,
        quality=quality,
        correct=quality > 0.5,
        labels=np.array(raw, dtype=np.int64),
        vectors=vectors,
        probabilities=[same[np.ix_(own, own)] for own in groups],
        answers=[str(label) for label in raw],
        logprobs=-np.array(raw, dtype=float),
        prompts=uid.tolist(),
    )


@pytest.mark.parametrize("name", OBJECTIVES)
@given(batch=batches())
def test_every_objective_gives_one_finite_number_per_response(name, batch):
    scored = build(name).score(batch)
    for array in (scored.rewards, scored.advantages):
        assert array.shape == (len(batch.texts),) and np.isfinite(array).all()


@pytest.mark.parametrize("name", OBJECTIVES)
@given(batch=batches())
def test_a_centered_objective_is_reward_minus_mean(name, batch):
    objective = build(name)
    if objective.centered:
        scored = objective.score(batch)
        np.testing.assert_allclose(scored.advantages, group_advantages(scored.rewards, batch.uid), atol=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_it_needs_is_known(name):
    assert OBJECTIVES[name].needs <= set(NEEDS)
    assert build(name).state_dict() == {} or "prompts" in OBJECTIVES[name].needs


@given(batch=batches())
def test_equal_diversity_makes_darling_grpo(batch):
    apart = Batch(
        batch.uid, batch.texts, batch.quality, batch.correct, labels=np.arange(len(batch.texts), dtype=np.int64)
    )
    expected = Grpo().score(apart)
    np.testing.assert_allclose(build("darling").score(apart).advantages, expected.advantages, atol=1e-12)


@given(batch=batches(), floor=st.sampled_from([0.0, 0.1, 0.5]))
def test_the_function_is_the_class(batch, floor):
    scored = build("darling", diversity={"floor": floor}).score(batch)
    np.testing.assert_array_equal(
        scored.advantages, darling_advantages(batch.quality, batch.labels, batch.uid, floor=floor)
    )
    d = partition_diversity(batch.labels, batch.uid, floor=floor)
    np.testing.assert_array_equal(scored.rewards, fuse_rewards(batch.quality, d, batch.uid))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"objective": "bleu"}, "darling.objective=bleu: must be one of darling, grpo"),
        ({"objective": "no_such:Thing"}, "no module 'no_such'"),
        ({"objective": "json:dumps"}, r"json:dumps: must be a subclass of darling_plugin.objectives.Objective"),
        (
            {"options": {"floor": 0.2}},
            r"options.floor: .*no such option; .*\(set darling.diversity.floor instead",
        ),
        ({"options": {"m": 4}}, "darling.options.m: objective 'darling' has no such option; it has none"),
        (
            {"objective": "grpo", "diversity": {"floor": 0.2}},
            "darling.diversity.floor=0.2: objective 'grpo' does not read it; it reads darling.advantage.norm",
        ),
        ({"diversity": {"ngram": 2}}, "darling.diversity.ngram=2: objective 'darling' does not read it"),
        ({"objective": "ngram", "diversity": {"singleton": 0.2}}, "darling.diversity.singleton=0.2: objective 'ngram'"),
    ],
)
def test_a_setting_that_would_be_ignored_is_an_error(node, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(node).build_objective()
