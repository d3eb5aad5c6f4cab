"""Each objective against its formula written out: by listing, by determinants, or by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.objectives import (
    Batch,
    darling_advantages,
    dqo_rewards,
    negative_reinforcement_advantages,
    outcome_batch_bonus,
    pass_at_k_advantages,
    poly_epo_advantages,
    soft_diversity,
    uniqueness_advantages,
    unlikeliness_rewards,
)
from darling_plugin.objectives.outcome import OutcomeBatch, OutcomeUcb, OutcomeUcbCon
from darling_plugin.objectives.soft_darling import SoftDarling


def batch(quality, **more):
    quality = np.array(quality, dtype=float)
    uid = np.empty(len(quality), dtype=object)
    uid[:] = more.pop("uid", [0] * len(quality))
    return Batch(uid, [""] * len(quality), quality, quality > 0.5, **more)


# Poly-EPO


def by_listing(quality, labels, m):
    sets = list(combinations(range(len(quality)), m))
    scores = [np.mean([quality[i] for i in s]) * len({labels[i] for i in s if labels[i] >= 0}) / m for s in sets]
    return [
        np.mean([score for score, s in zip(scores, sets, strict=True) if i in s]) - np.mean(scores)
        for i in range(len(quality))
    ]


@given(data=st.data(), n=st.integers(1, 10))
def test_poly_epo_by_counting_is_poly_epo_by_listing(data, n):
    m = data.draw(st.integers(1, n))
    quality = data.draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=n, max_size=n))
    labels = data.draw(st.lists(st.integers(-1, 4), min_size=n, max_size=n))
    got = poly_epo_advantages(quality, labels, [0] * n, m=m)
    np.testing.assert_allclose(got, by_listing(quality, labels, m), atol=1e-12)


def test_poly_epo_by_hand():
    # n = 3, m = 2, q = 1, 1, 0, classes a, b, b. s: {1,2} 1·1, {1,3} ½·1, {2,3} ½·½; r = 3/4, 5/8, 3/8; mean 7/12.
    got = poly_epo_advantages([1, 1, 0], [0, 1, 1], ["x"] * 3, m=2)
    np.testing.assert_allclose(got, [3 / 4 - 7 / 12, 5 / 8 - 7 / 12, 3 / 8 - 7 / 12])


def test_poly_epo_of_64_responses_is_exact():
    # All distinct: GRPO times (n − m) / (m (n − 1)); one class: times (n − m) / (m² (n − 1)).
    quality = np.arange(64) % 3 / 2
    grpo = quality - quality.mean()
    all_distinct = poly_epo_advantages(quality, np.arange(64), [0] * 64, m=8)
    np.testing.assert_allclose(all_distinct, grpo * 56 / (8 * 63), atol=1e-12)
    one_class = poly_epo_advantages(quality, [0] * 64, [0] * 64, m=8)
    np.testing.assert_allclose(one_class, grpo * 56 / (64 * 63), atol=1e-12)


# Uniqueness


def test_uniqueness_by_hand():
    # q − mean = ½, ½, −½, −½; std (n − 1) = √(1/3); classes of 2, 2, 1, 1.
    plain = 0.5 / (np.sqrt(1 / 3) + 1e-6)
    arguments = [1, 1, 0, 0], [0, 0, 1, 2], ["p"] * 4
    np.testing.assert_allclose(uniqueness_advantages(*arguments), [plain / 2, plain / 2, -plain, -plain])
    np.testing.assert_allclose(uniqueness_advantages(*arguments, alpha=0.0), [plain, plain, -plain, -plain])
    crowded = [1, 0, 0, 0], [0, 1, 1, 1], ["p"] * 4
    plain = np.array([0.75, -0.25, -0.25, -0.25]) / (0.5 + 1e-6)
    np.testing.assert_allclose(uniqueness_advantages(*crowded, alpha=2.0), plain / [1, 9, 9, 9])
    np.testing.assert_allclose(uniqueness_advantages(*crowded, alpha=2.0, positive_only=True), plain)


def test_uniqueness_counts_within_a_group_and_leaves_out_alone():
    # The class 0 of p and that of q are two; −1 counts as alone each time.
    got = uniqueness_advantages([1, 1, 0, 1, 0], [0, 0, -1, 0, -1], list("pppqq"))
    assert got[0] == got[1] > 0 and got[2] == pytest.approx(-4 * got[0]) and got[3] == pytest.approx(-got[4])


# Final answers


def test_batch_bonus_by_hand():
    # p: 7, 7, none, none, 5 of five: −1/5 for the pairs. q: alone.
    got = outcome_batch_bonus(["7", "7", None, None, "5", "7"], list("pppppq"))
    np.testing.assert_allclose(got, [-0.2, -0.2, -0.2, -0.2, 0, 0])
    scored = OutcomeBatch(c=0.5).score(batch([1, 1, 0], answers=["7", "7", "5"]))
    np.testing.assert_allclose(scored.advantages, [1 / 3 - 1 / 6, 1 / 3 - 1 / 6, -2 / 3])


def test_counts_are_of_earlier_steps_per_prompt_and_survive_a_restart():
    def step(objective, answers, prompts, uid):
        given_ = batch([0.0] * len(answers), answers=answers, prompts=prompts, uid=uid)
        return objective.score(given_).diversity.tolist()

    objective = OutcomeUcb()
    assert step(objective, ["7", "7", "7", "5"], ["p"] * 4, ["a"] * 4) == [1, 1, 1, 1]
    # Of p: 7 three times, 5 once; of q nothing.
    assert step(objective, ["7", "5", "7"], ["p", "p", "q"], ["b", "b", "c"]) == [pytest.approx(3**-0.5), 1, 1]
    state = objective.state_dict()
    assert state == {"counts": {"p": {"7": 4, "5": 2}, "q": {"7": 1}}}

    resumed = OutcomeUcbCon()
    resumed.load_state_dict(state)
    assert step(resumed, ["7", "5"], ["p", "p"], ["d"] * 2) == pytest.approx([0.5 - 0.5, 2**-0.5 - 0.5])
    assert objective.state_dict() == state  # not shared


# DQO


@given(rows=st.integers(1, 9), dimensions=st.integers(1, 5), seed=st.integers(0, 1000))
def test_dqo_is_a_ratio_of_determinants(rows, dimensions, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rows, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gram = vectors @ vectors.T + np.eye(rows)
    expected = []
    for i in range(rows):
        others = [j for j in range(rows) if j != i]
        expected.append(np.log(np.linalg.det(gram) / np.linalg.det(gram[np.ix_(others, others)])))
    quality = rng.random(rows)
    np.testing.assert_allclose(dqo_rewards(quality, vectors, [0] * rows, alpha=0.5), quality + 0.5 * np.array(expected))


def test_dqo_at_its_ends():
    np.testing.assert_allclose(dqo_rewards([0] * 3, np.eye(3), ["p"] * 3), np.log(2))
    np.testing.assert_allclose(dqo_rewards([0] * 512, [[1.0, 0.0]] * 512, [0] * 512), np.log(513 / 512))
    with pytest.raises(InputError, match=r"`vectors` must be finite numbers of shape \(2, dimensions\)"):
        dqo_rewards([0, 0], [[1.0, 0.0]], ["p"] * 2)


# Pass@k


@given(data=st.data(), n=st.integers(1, 9))
def test_pass_at_k_is_the_mean_over_the_sets_that_hold_a_response(data, n):
    k = data.draw(st.integers(1, n))
    right = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    sets = list(combinations(range(n), k))
    solved = np.array([float(any(right[i] for i in s)) for s in sets])
    expected = [np.mean([x for x, s in zip(solved, sets, strict=True) if i in s]) - solved.mean() for i in range(n)] / (
        np.sqrt(solved.mean() * (1 - solved.mean())) + 1e-6
    )
    np.testing.assert_allclose(pass_at_k_advantages(right, [0] * n, k=k), expected, atol=1e-8)


def test_a_group_of_fewer_than_k_has_no_set():
    assert pass_at_k_advantages([True, False, False], ["p"] * 3, k=4).tolist() == [0, 0, 0]


# Unlikeliness, negative reinforcement


def test_unlikeliness_by_hand():
    # Ranks 0, 1, 2, 3 of −4, −3, −2, −1; beta = ½.
    got = unlikeliness_rewards([1, 1, 0, 1], [-1, -4, -2, -3], ["p"] * 4, beta=0.5)
    np.testing.assert_allclose(got, [1 - 0.5 * 3 / 4, 1, 0, 1 - 0.5 / 4])
    np.testing.assert_allclose(unlikeliness_rewards([1, 1, 1], [-1, -1, -2], ["p"] * 3, beta=1.0), [0.5, 0.5, 1])


def test_negative_reinforcement_by_hand():
    assert negative_reinforcement_advantages([True, False]).tolist() == [0.1, -1]


# Soft DARLING


@given(data=st.data(), n=st.integers(1, 8))
def test_soft_is_darling_where_verdicts_are_transitive(data, n):
    labels = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    quality = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n))
    p = (np.array(labels)[:, None] == np.array(labels)[None]).astype(float)
    got = SoftDarling().score(batch(quality, probabilities=[p])).advantages
    np.testing.assert_allclose(got, darling_advantages(quality, labels, [0] * n), atol=1e-12)


def test_one_wrong_verdict_costs_two_responses_little():
    # {1, 2}, {3, 4}, and a false "same" between 2 and 3: the closure makes one class, d = floor for all four.
    p = np.eye(4)
    for i, j in ((0, 1), (2, 3), (1, 2)):
        p[i, j] = p[j, i] = 1
    np.testing.assert_allclose(soft_diversity([p], ["x"] * 4), [2 / 3, 1 / 3, 1 / 3, 2 / 3])
    p[1, 2] = p[2, 1] = 0.3
    np.testing.assert_allclose(soft_diversity([p], ["x"] * 4), [2 / 3, 1.7 / 3, 1.7 / 3, 2 / 3])


def test_soft_among_the_correct_ones():
    # p: rows 0, 2, 4, of which 2 and 4 are right; q: rows 1 and 3, of which 1 is right and has no right sibling.
    of_p = np.array([[1, 1, 1], [1, 1, 0.25], [1, 0.25, 1]])
    of_q = np.ones((2, 2))
    given_ = batch([0, 1, 1, 0, 1], uid=list("pqpqp"), probabilities=[of_p, of_q])
    scored = SoftDarling(scope="correct", singleton=0.4).score(given_)
    np.testing.assert_allclose(scored.diversity, [0.1, 0.4, 0.75, 0.1, 0.75])


@pytest.mark.parametrize("matrices", [[], [np.eye(3)], [np.full((2, 2), 1.5)]])
def test_matrices_that_do_not_fit_are_named(matrices):
    with pytest.raises(InputError, match="`probabilities"):
        soft_diversity(matrices, ["p"] * 2)
