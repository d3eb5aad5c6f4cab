import json

import numpy as np
import pytest

from darling_plugin.errors import InputError, MissingDependencyError
from darling_plugin.evaluation import Interval, bootstrap_mean, intervals
from darling_plugin.similarity import packaged


def test_two_problems_worked_by_hand():
    # Resamples of {0, 1} have the mean 0 (1/4), 1/2 (1/2) or 1 (1/4): the outer 2.5 % are 0 and 1, the outer 30 % 1/2.
    assert bootstrap_mean([0, 1]) == Interval(mean=0.5, low=0, high=1, problems=2, confidence=0.95)
    middle = bootstrap_mean([0, 1], confidence=0.4)
    assert (middle.low, middle.high) == (0.5, 0.5)


def test_it_is_about_the_normal_interval_of_a_mean():
    values = np.random.default_rng(0).normal(size=400)
    error = values.std() / 20
    found = bootstrap_mean(values)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_it_covers_the_true_mean_about_as_often_as_it_says():
    # 0.3 lies outside in 5 of 100 samples on average; more than 12 has a chance of 0.1 %.
    samples = np.random.default_rng(0).random((100, 200)) < 0.3
    found = [bootstrap_mean(sample, resamples=500) for sample in samples]
    assert sum(not one.low <= 0.3 <= one.high for one in found) <= 12


def test_the_same_seed_gives_the_same_interval_whatever_the_batch(monkeypatch):
    values = np.random.default_rng(1).random(30)
    first, again, other = (bootstrap_mean(values, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.low != other.low
    monkeypatch.setattr(intervals, "CELLS_AT_ONCE", 3_000)
    assert bootstrap_mean(values, seed=1) == first


@pytest.mark.parametrize("values", [[1, 1, 1], [0.1] * 7])
def test_equal_values_give_no_width(values):
    found = bootstrap_mean(values)
    assert found.low == found.high == values[0]
    assert found.mean == pytest.approx(values[0])


def test_one_problem_has_no_interval():
    found = bootstrap_mean([0.3])
    assert (found.mean, found.low, found.high, found.problems) == (0.3, None, None, 1)
    json.dumps(found.as_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": []}, r"`values` must hold one number per problem, for at least one problem; got shape \(0,\)"),
        ({"values": [[1.0]]}, r"got shape \(1, 1\)"),
        ({"values": [1.0, np.nan]}, r"`values\[1\]` must be a finite number, got nan"),
        ({"values": [0.5, None]}, r"`values\[1\]` must be a finite number, got nan"),
        ({"values": ["a"]}, "`values` must hold one number per problem"),
        ({"values": [0, 1], "confidence": 95}, "`confidence` must be between 0 and 1, got 95; 0.95 is usual"),
        ({"values": [0, 1], "confidence": 1}, "`confidence` must be between 0 and 1"),
        ({"values": [0, 1], "resamples": 0}, "`resamples` must be a whole number of at least 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        bootstrap_mean(**arguments)


def test_a_missing_library_names_its_command(monkeypatch):
    monkeypatch.setattr(packaged, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"scipy is needed .* pip install"):
        bootstrap_mean([0, 1])
