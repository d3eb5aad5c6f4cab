"""Cov@N, worked by hand and against every subset."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.evaluation import cov_at_n, distinct_correct


def test_worked_by_hand():
    labels, correct = [0, 0, 1, 2], [True, True, True, False]
    # The correct ones are 0 0 1. Of the C(3, 2) = 3 pairs {0, 0} covers one class, {0, 1} twice two: 5/3.
    assert cov_at_n(labels, correct, 2) == pytest.approx(5 / 3)
    assert cov_at_n(labels, correct, 1) == 1
    assert cov_at_n(labels, correct, 3) == 2
    # What is wrong changes nothing here, but lowers the number among two of all four samples: 5/6 + 1/2.
    assert cov_at_n([0, 0, 1], [True] * 3, 2) == pytest.approx(5 / 3)
    assert distinct_correct(labels, correct, 2) == pytest.approx(4 / 3)


@pytest.mark.parametrize(
    ("labels", "correct", "n", "expected"),
    [
        ([], [], 2, 0),
        ([0, 1], [False, False], 2, 0),  # none correct
        ([0, 0, 0], [True] * 3, 2, 1),  # one class
        ([0, 1, 2], [True] * 3, 2, 2),  # all distinct
        ([5], [True], 1, 1),
        ([-1, 4], [False, True], 1, 1),  # left out, and not correct
        ([0, 1, 1], [True, True, False], 8, 2),  # fewer than n correct: the classes of all of them
    ],
)
def test_degenerate(labels, correct, n, expected):
    assert cov_at_n(labels, correct, n) == expected


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8), st.integers(1, 8))
def test_it_is_the_mean_over_every_subset_of_the_correct(rows, n):
    right = [label for label, good in rows if good]
    if n > len(right):
        return
    subsets = list(combinations(right, n))
    expected = sum(len(set(subset)) for subset in subsets) / len(subsets)
    assert cov_at_n(*zip(*rows, strict=True), n) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([0], [True], 0), "`n`"),
        (([0, 1], [True], 1), "`correct` has 1 entries and `labels` has 2"),
        (([-1], [True], 1), r"`labels\[0\]` is −1 .* `correct\[0\]` is True"),
    ],
)
def test_wrong_arguments_are_named(arguments, said):
    with pytest.raises(InputError, match=said):
        cov_at_n(*arguments)
