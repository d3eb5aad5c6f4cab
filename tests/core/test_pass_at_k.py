from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.evaluation import pass_at_k

SMALL = [(n, c, k) for n in range(1, 9) for c in range(n + 1) for k in range(1, n + 1)]


@pytest.mark.parametrize(("n", "c", "k"), SMALL)
def test_equals_every_subset(n, c, k):
    subsets = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-15)


@pytest.mark.parametrize(
    ("n", "c", "k", "expected"),
    [
        (4, 2, 2, 1 - 1 / 6),  # one of C(4, 2) = 6 pairs holds both wrong ones
        (10, 0, 10, 0),
        (10, 1, 10, 1),
        (10, 8, 3, 1),  # only two wrong ones are there
        (200, 1, 100, 1 / 2),
        (7, 3, 1, 3 / 7),
    ],
)
def test_worked_by_hand(n, c, k, expected):
    found = pass_at_k(n, c, k)
    assert isinstance(found, float)
    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("n", "c", "k"), [(10_000, 3, 128), (10_000, 40, 1), (100_000, 1, 7), (5_000, 2_500, 2_000)])
def test_large_n_agrees_with_whole_numbers(n, c, k):
    wrong, every = comb(n - c, k), comb(n, k)  # far above the largest float
    assert pass_at_k(n, c, k) == pytest.approx((every - wrong) / every, rel=1e-11)


def test_many_problems_at_once():
    assert pass_at_k(4, [0, 1, 2, 4], 2).tolist() == pytest.approx([0, 1 / 2, 5 / 6, 1])
    # Each with its own number of samples: 1 of 2, and 1 of 4.
    assert pass_at_k([2, 4], np.array([1, 1]), 1).tolist() == pytest.approx([1 / 2, 1 / 4])
    assert pass_at_k(3, np.array([[0, 1], [2, 3]]), 3).tolist() == [[0, 1], [1, 1]]
    assert pass_at_k(3, [], 2).shape == (0,)


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_it_grows_with_c_and_k_and_stays_in_bounds(n, data):
    k = data.draw(st.integers(1, n))
    values = pass_at_k(n, np.arange(n + 1), k)
    assert values[0] == 0
    assert values[-1] == 1
    assert (np.diff(values) >= 0).all()
    if k < n:
        assert (pass_at_k(n, np.arange(n + 1), k + 1) >= values - 1e-12).all()


@pytest.mark.parametrize(
    ("n", "c", "k", "message"),
    [
        (4, 2, 5, "`k` must be at most `n`, got k=5 with n=4"),
        ([8, 4], [1, 1], 5, "`k` must be at most `n`, got k=5 with n=4"),
        (4, [], 5, "`k` must be at most `n`, got k=5 with n=4"),
        (4, 5, 2, "`c` must be from 0 to `n`, got c=5 with n=4"),
        (4, [1, -1], 2, "`c` must be from 0 to `n`, got c=-1 with n=4"),
        (4, 2, 0, "`k` must be a whole number of at least 1, got 0"),
        (4, 2, 1.0, "`k` must be a whole number of at least 1, got 1.0"),
        (4, [0.5], 2, "`c` must be whole numbers, got float64"),
        (4, True, 2, "`c` must be whole numbers, got bool"),
        ([4, 4], [1, 1, 1], 2, r"one per problem like `c`; got shapes \(2,\) and \(3,\)"),
        ([4, 4], 1, 2, r"one per problem like `c`; got shapes \(2,\) and \(\)"),
    ],
)
def test_impossible_numbers_are_named(n, c, k, message):
    with pytest.raises(InputError, match=message):
        pass_at_k(n, c, k)
