from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.evaluation import distinct_correct, effective_semantic_diversity

responses = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=8)


def test_worked_by_hand():
    found = effective_semantic_diversity([0, 0, 1, 2], [True, True, True, False])
    # Of 6 pairs, 3 are valid, and 2 of those are of two classes. Two classes of valid responses among four.
    assert found.pair == pytest.approx(2 / 6)
    assert found.among_valid == pytest.approx(2 / 3)
    assert (found.fixed, found.valid, found.n) == (2 / 4, 3, 4)


@pytest.mark.parametrize(
    ("labels", "valid", "pair", "fixed", "among"),
    [
        ([0, 1, 2], [True] * 3, 1, 1, 1),  # all valid and distinct
        ([0, 0, 0], [True] * 3, 0, 1 / 3, 0),  # one class
        ([0, 1, 2], [False] * 3, 0, 0, None),  # none valid
        ([0, 1, 2], [True, False, False], 0, 1 / 3, None),  # one valid: nothing to compare
        ([0, 1, -1, -1], [True, True, False, False], 1 / 6, 2 / 4, 1),  # the invalid need no class
        ([0, 0, 1], [True, False, True], 1 / 3, 2 / 3, 1),  # an invalid member of a class does not count
    ],
)
def test_degenerate(labels, valid, pair, fixed, among):
    found = effective_semantic_diversity(labels, valid)
    assert (found.pair, found.fixed) == (pytest.approx(pair), pytest.approx(fixed))
    assert found.among_valid == among


@settings(deadline=None)
@given(responses)
def test_it_counts_pairs(rows):
    found = effective_semantic_diversity(*zip(*rows, strict=True))
    pairs = list(combinations(rows, 2))
    both = [(a, b) for (a, a_valid), (b, b_valid) in pairs if a_valid and b_valid]
    assert found.pair == pytest.approx(sum(a != b for a, b in both) / len(pairs))
    if both:
        assert found.pair == pytest.approx(found.among_valid * len(both) / len(pairs))
    else:
        assert found.among_valid is None


def test_being_right_more_often_counts_and_variety_alone_is_apart():
    rare = effective_semantic_diversity([0, 1, 2, 3], [True, True, False, False])
    often = effective_semantic_diversity([0, 1, 2, 3], [True, True, True, True])
    assert rare.pair < often.pair
    assert rare.among_valid == often.among_valid == 1


def test_distinct_correct_worked_by_hand():
    labels, correct = [0, 0, 1, 2], [True, True, True, False]
    assert distinct_correct(labels, correct) == 2
    # k = 2 of C(4, 2) = 6: class 0 is missed by one pair, class 1 by three.
    assert distinct_correct(labels, correct, 2) == pytest.approx(5 / 6 + 1 / 2)
    assert distinct_correct(labels, correct, 1) == pytest.approx(3 / 4)  # the share of correct ones


@pytest.mark.parametrize(
    ("labels", "correct", "k", "expected"),
    [
        ([0, 1], [False, False], 2, 0),
        ([0, 0, 0], [True] * 3, 2, 1),
        ([0, 1, 2], [True] * 3, 2, 2),
        ([0], [True], None, 1),
        ([-1, 4], [False, True], None, 1),
        ([0, 0], [True, False], 1, 1 / 2),
    ],
)
def test_distinct_correct_degenerate(labels, correct, k, expected):
    assert distinct_correct(labels, correct, k) == pytest.approx(expected)


@settings(deadline=None)
@given(responses, st.data())
def test_distinct_correct_is_the_mean_over_every_subset(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    subsets = list(combinations(rows, k))
    expected = sum(len({label for label, right in subset if right}) for subset in subsets) / len(subsets)
    assert distinct_correct(*zip(*rows, strict=True), k) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective_semantic_diversity([0], [True]), "at least two responses to compare, got 1"),
        (lambda: effective_semantic_diversity([0, -1], [True, True]), r"`labels\[1\]` is −1 .* `valid\[1\]` is True"),
        (lambda: effective_semantic_diversity([0, 1], [1, 0]), "`valid` must be booleans"),
        (lambda: effective_semantic_diversity([0, 1], [True]), "`valid` has 1 entries and `labels` has 2"),
        (lambda: distinct_correct([], []), "`labels` must hold at least one sample"),
        (lambda: distinct_correct([0, 1], [True, True], 3), "`k` must be at most `n`, got k=3 with n=2"),
        (lambda: distinct_correct([0, 1], [False, False], 3), "`k` must be at most `n`, got k=3 with n=2"),
        (lambda: distinct_correct([-1], [True]), r"`labels\[0\]` is −1 .* `correct\[0\]` is True"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
