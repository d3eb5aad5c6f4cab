"""The registry, and what holds for every objective in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.config import parse_settings
from darling_plugin.core import fuse_rewards, group_advantages, partition_diversity
from darling_plugin.errors import ConfigError
from darling_plugin.objectives import (
    NEEDS,
    OBJECTIVES,
    Batch,
    Grpo,
    Objective,
    darling_advantages,
    dqo_rewards,
    negative_reinforcement_advantages,
    pass_at_k_advantages,
    poly_epo_advantages,
    uniqueness_advantages,
    unlikeliness_rewards,
)

# Each property is tried for every objective: together still hundreds of batches.
few = settings(max_examples=40, deadline=None)


def build(name, **node) -> Objective:
    return parse_settings({"objective": name, **node}).build_objective()


def make_batch(uid, quality, raw, vectors):
    """Row i has the class, answer, log-probability and wording raw[i]."""
    names = np.empty(len(uid), dtype=object)
    names[:] = list(uid)
    groups = [np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())]
    same = np.array([[float(a == b) for b in raw] for a in raw]).reshape(len(raw), len(raw))
    quality = np.array(quality, dtype=float)
    return Batch(
        uid=names,
        texts=[f"word{label} and some more" for label in raw],
        quality=quality,
        correct=quality > 0.5,
        labels=np.array(raw, dtype=np.int64),
        vectors=np.asarray(vectors, dtype=float).reshape(len(raw), len(vectors[0]) if raw else 0),
        probabilities=[same[np.ix_(own, own)] for own in groups],
        answers=[str(label) for label in raw],
        logprobs=-np.array(raw, dtype=float),
        prompts=names.tolist(),
    )


@st.composite
def parts(draw, qualities=(0.0, 0.5, 1.0), groups="pqr"):
    """Up to 12 responses in interleaved groups: the arguments of `make_batch`."""
    rows = draw(st.integers(0, 12))
    uid = draw(st.lists(st.sampled_from(groups), min_size=rows, max_size=rows))
    quality = draw(st.lists(st.sampled_from(qualities), min_size=rows, max_size=rows))
    raw = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    vectors = np.random.default_rng(draw(st.integers(0, 1000))).normal(size=(rows, 3))
    return uid, quality, raw, list(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def batches():
    return parts().map(lambda given: make_batch(*given))


@pytest.mark.parametrize("name", OBJECTIVES)
@few
@given(batch=batches())
def test_every_objective_gives_one_finite_number_per_response(name, batch):
    scored = build(name).score(batch)
    for array in (scored.rewards, scored.advantages):
        assert array.shape == (len(batch.texts),) and np.isfinite(array).all()


@pytest.mark.parametrize("name", OBJECTIVES)
@few
@given(batch=batches())
def test_a_centered_objective_is_reward_minus_mean(name, batch):
    objective = build(name)
    if objective.centered:
        scored = objective.score(batch)
        np.testing.assert_allclose(scored.advantages, group_advantages(scored.rewards, batch.uid), atol=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
@few
@given(given_parts=parts(), seed=st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(name, given_parts, seed):
    order = np.random.default_rng(seed).permutation(len(given_parts[0]))
    there = build(name).score(make_batch(*given_parts))
    back = build(name).score(make_batch(*([part[i] for i in order] for part in given_parts)))
    np.testing.assert_allclose(back.rewards, there.rewards[order], atol=1e-9)
    np.testing.assert_allclose(back.advantages, there.advantages[order], atol=1e-7)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("quality", [0.0, 0.5, 1.0])
def test_equal_responses_are_worth_the_same(name, quality):
    scored = build(name).score(make_batch(list("ppppq"), [quality] * 5, [1] * 5, [[1.0, 0.0]] * 5))
    np.testing.assert_allclose(scored.advantages[:4], scored.advantages[0], atol=1e-9)
    if build(name).centered or name in ("uniqueness", "unlikeliness", "pass_at_k"):
        np.testing.assert_allclose(scored.advantages, 0, atol=1e-6)


BEYOND_QUALITY = {"dqo", "outcome_batch", "outcome_ucb", "outcome_ucb_con"}  # a bonus, whatever the quality
NO_BASELINE = {"negative_reinforcement"}


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in BEYOND_QUALITY | NO_BASELINE])
@few
@given(given_parts=parts(qualities=(0.0,)))
def test_a_group_that_is_all_wrong_teaches_nothing(name, given_parts):
    np.testing.assert_array_equal(build(name).score(make_batch(*given_parts)).advantages, 0)


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in BEYOND_QUALITY | NO_BASELINE])
@pytest.mark.parametrize("quality", [0.0, 1.0])
def test_a_group_of_one_teaches_nothing(name, quality):
    scored = build(name).score(make_batch(list("pqr"), [quality] * 3, [0, 1, 2], np.eye(3)))
    np.testing.assert_array_equal(scored.advantages, 0)


TEACH_WHEN_ALL_RIGHT = {"darling", "soft_darling", "ngram", "poly_epo", "dra", "rep_exp", "unlikeliness"}


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in BEYOND_QUALITY | NO_BASELINE])
def test_who_still_teaches_when_all_are_right(name):
    # Classes {0, 0, 0, 0} and {1}: only what compares right responses has something left to say.
    batch = make_batch(list("ppppp"), [1.0] * 5, [0, 0, 0, 0, 1], [[1.0, 0.0]] * 4 + [[0.0, 1.0]])
    advantages = build(name).score(batch).advantages
    if name in TEACH_WHEN_ALL_RIGHT:
        assert advantages[4] > max(advantages[:4])
    else:
        np.testing.assert_array_equal(advantages, 0)


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


DEFAULTS = {
    "darling": lambda b: darling_advantages(b.quality, b.labels, b.uid),
    "poly_epo": lambda b: poly_epo_advantages(b.quality, b.labels, b.uid),
    "uniqueness": lambda b: uniqueness_advantages(b.quality, b.labels, b.uid),
    "dqo": lambda b: group_advantages(dqo_rewards(b.quality, b.vectors, b.uid), b.uid),
    "pass_at_k": lambda b: pass_at_k_advantages(b.correct, b.uid),
    "unlikeliness": lambda b: group_advantages(
        unlikeliness_rewards(b.quality, b.logprobs, b.uid), b.uid, normalize_by_std=True
    ),
    "negative_reinforcement": lambda b: negative_reinforcement_advantages(b.correct),
}


@pytest.mark.parametrize("name", DEFAULTS)
@few
@given(batch=batches())
def test_default_settings_are_the_defaults_of_the_function(name, batch):
    np.testing.assert_allclose(build(name).score(batch).advantages, DEFAULTS[name](batch), atol=1e-12)


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
