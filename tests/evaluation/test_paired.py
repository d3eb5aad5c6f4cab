import json
from itertools import product

import numpy as np
import pytest

from darling_plugin.errors import InputError
from darling_plugin.evaluation import bootstrap_mean, compare_paired


def test_worked_by_hand():
    found = compare_paired([0.2, 0.5, 0.1, 0.9], [0.4, 0.8, 0.2, 0.9])
    assert (found.before, found.after) == (pytest.approx(0.425), pytest.approx(0.575))
    assert found.difference == pytest.approx(0.15)
    assert (found.problems, found.better, found.worse) == (4, 3, 0)
    # Three differences above 0: of 2³ signs only the observed give so high a mean, 1/8, and twice that for two sides.
    assert found.p_value == pytest.approx(2 / 8)
    json.dumps(found.as_json(), allow_nan=False)


def test_the_interval_is_that_of_the_differences():
    before, after = np.random.default_rng(0).random((2, 40))
    found, differences = compare_paired(before, after, seed=3), bootstrap_mean(after - before, seed=3)
    assert (found.difference, found.low, found.high) == (differences.mean, differences.low, differences.high)


@pytest.mark.parametrize("seed", range(5))
def test_few_problems_try_every_sign(seed):
    before, after = np.random.default_rng(seed).random((2, 8))
    d = after - before
    means = np.array([np.mean(d * signs) for signs in product([1, -1], repeat=8)])
    expected = min(1, 2 * min((means >= d.mean() - 1e-12).mean(), (means <= d.mean() + 1e-12).mean()))
    assert compare_paired(before, after).p_value == pytest.approx(expected)


def test_many_problems_draw_signs():
    random = np.random.default_rng(0)
    before = random.random(300)
    noise = random.normal(scale=0.1, size=300)
    # A true difference of ten standard errors: only the observed signs reach it, 2 · 1 / (999 + 1).
    clear = compare_paired(before, before + noise - noise.mean() + 0.06, resamples=999)
    assert clear.p_value == pytest.approx(0.002)
    assert 0 < clear.low < 0.06 < clear.high
    none = compare_paired(before, before + noise - noise.mean())
    assert none.p_value > 0.9
    assert none.low < 0 < none.high


def test_chance_gives_small_p_values_about_as_often_as_it_should():
    # Without a difference, p ≤ 0.05 in 5 of 100 on average; more than 12 has a chance of 0.1 %.
    draws = np.random.default_rng(1).random((100, 2, 30))
    found = [compare_paired(before, after, resamples=400).p_value for before, after in draws]
    assert sum(p <= 0.05 for p in found) <= 12
    assert np.mean(found) == pytest.approx(0.5, abs=0.12)  # uniform: a standard error of 0.029


def test_the_order_of_checkpoints_only_turns_the_sign():
    before, after = np.random.default_rng(2).random((2, 10))
    one, other = compare_paired(before, after), compare_paired(after, before)
    assert one.difference == pytest.approx(-other.difference)
    assert one.p_value == pytest.approx(other.p_value)
    assert (one.better, one.worse) == (other.worse, other.better)


def test_problems_that_tie_do_not_change_the_p_value():
    before, after = np.random.default_rng(3).random((2, 9))
    ties = np.full(50, 0.5)
    alone = compare_paired(before, after)
    among = compare_paired(np.concatenate([before, ties]), np.concatenate([after, ties]))
    assert among.p_value == alone.p_value
    assert abs(among.difference) < abs(alone.difference)


def test_the_same_seed_gives_the_same_result():
    before, after = np.random.default_rng(4).random((2, 60))
    assert compare_paired(before, after, seed=1) == compare_paired(before, after, seed=1)
    assert compare_paired(before, after, seed=1) != compare_paired(before, after, seed=2)


def test_no_difference_at_all():
    found = compare_paired([0.1 + 0.2, 0.5], [0.3, 0.5])  # equal but for the last digit
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    assert (found.better, found.worse) == (0, 0)


def test_one_problem_proves_nothing():
    found = compare_paired([0.0], [1.0])
    assert (found.difference, found.low, found.high, found.p_value) == (1, None, None, 1)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ([0.1], [0.1, 0.2], "`before` has 1 problems and `after` has 2; they must be the same problems"),
        ([], [], "`before` must hold one number per problem"),
        ([0.1], [np.inf], r"`after\[0\]` must be a finite number, got inf"),
    ],
)
def test_wrong_arguments_are_named(before, after, message):
    with pytest.raises(InputError, match=message):
        compare_paired(before, after)
