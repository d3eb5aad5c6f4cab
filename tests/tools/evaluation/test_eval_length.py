"""The length-controlled win rate, against worked values and scikit-learn."""

import numpy as np
import pytest

from darling_plugin.tools.evaluation.judging.length import C, fit, length_controlled


def logistic(z):
    return 1 / (1 + np.exp(-z))


def pairs(theta: float, phi: float, n: int = 400) -> tuple[list[float], list[int]]:
    """Win rates without noise: what the model says, at every length."""
    longer = np.random.default_rng(0).normal(200, 300, n).round()
    return logistic(theta + phi * np.tanh(longer / longer.std(ddof=1))).tolist(), longer.astype(int).tolist()


def test_it_finds_the_win_rate_at_equal_length():
    # σ(−0.5) = 0.378: longer responses win more often, and without that the model loses.
    win_rates, longer = pairs(-0.5, 2.0)
    found = length_controlled(win_rates, longer, range(400))
    assert np.mean(win_rates) > 0.5
    assert found.mean == pytest.approx(0.3775, abs=0.001)  # the penalty pulls it a little towards 1/2
    drawn = (np.random.default_rng(1).random(400) < win_rates).astype(float).tolist()
    found = length_controlled(drawn, longer, range(400))
    assert found.low < 0.3775 < found.high and found.problems == 400


def test_of_one_length_it_is_the_win_rate():
    # 0.7 is the mean of 400; the penalty moves it by about θ/C / (400 · 0.21) = 0.0001 on the logit.
    found = length_controlled([1.0] * 280 + [0.0] * 120, [50] * 400, range(400))
    assert found.mean == pytest.approx(0.7, abs=1e-4)
    same = length_controlled([0.5] * 5, [0] * 5, range(5))
    assert (same.mean, same.low, same.high) == (0.5, 0.5, 0.5)


def test_all_wins_stay_finite():
    found = length_controlled([1.0] * 10, list(range(10)), range(10))
    assert 0.9 < found.low <= found.mean <= found.high < 1


def test_it_is_scikit_learns_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x, y = np.tanh(rng.normal(size=60)), rng.choice([0, 0.25, 0.5, 0.75, 1], 60)
    # Every pair twice, as a win with weight y and as a loss with weight 1 − y; a column of ones for θ.
    rows = np.concatenate([np.stack([np.ones(60), x], axis=1)] * 2)
    reference = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=1000)
    for weights in (np.ones(60), rng.integers(0, 4, 60).astype(float)):
        reference.fit(rows, [1] * 60 + [0] * 60, sample_weight=np.concatenate([y * weights, (1 - y) * weights]))
        assert fit(x, y, weights[None])[0] == pytest.approx(reference.coef_[0], abs=1e-5)


def test_prompts_are_resampled_not_pairs():
    # Two prompts, all won and all lost: resampled as prompts, half of the resamples are all of one kind, so the
    # interval is nearly everything; 200 pairs taken for independent would give 0.5 ± 0.07.
    win_rates, prompts = [1.0] * 100 + [0.0] * 100, [0] * 100 + [1] * 100
    wide = length_controlled(win_rates, [0] * 200, prompts)
    narrow = length_controlled(win_rates, [0] * 200, range(200))
    assert wide.low < 0.1 and wide.high > 0.9 and wide.problems == 2
    assert narrow.low > 0.4 and narrow.high < 0.6
    alone = length_controlled([0.5, 1.0], [0, 1], [0, 0])
    assert (alone.low, alone.high) == (None, None)


def test_the_same_seed_is_the_same_interval():
    win_rates, longer = pairs(0.3, 1.0, 50)
    first = length_controlled(win_rates, longer, range(50), resamples=200)
    assert first == length_controlled(win_rates, longer, range(50), resamples=200)
    assert first != length_controlled(win_rates, longer, range(50), resamples=200, seed=1)
