from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.evaluation import maj_at_k

letters = st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=9)


def every_subset(answers, right, k):
    """The definition, by enumeration."""
    total, subsets = 0.0, list(combinations(answers, k))
    for subset in subsets:
        votes = Counter(answer for answer in subset if answer is not None)
        top = [answer for answer, count in votes.items() if count == max(votes.values())]
        total += sum(answer in right for answer in top) / len(top) if top else 0
    return total / len(subsets)


def maj(answers, right, k):
    return maj_at_k(answers, [answer in right for answer in answers], k)


@pytest.mark.parametrize(
    ("answers", "right", "k", "expected", "why"),
    [
        ("aab", "a", 2, 2 / 3, "aa: 1; ab, twice: a tie, 1/2 each"),
        ("aab", "a", 3, 1, "all vote: two to one"),
        ("aab", "b", 3, 0, "all vote: one to two"),
        ("aabb", "a", 4, 1 / 2, "a tie of all"),
        ("abc", "ab", 3, 2 / 3, "a tie of three, two of them correct"),
        ("aabbc", "a", 1, 2 / 5, "one vote: the share of correct samples"),
        ("aaa", "a", 2, 1, "all correct"),
        ("abc", "", 2, 0, "none correct"),
        ("aaabb", "b", 3, 3 / 10, "of 10 triples, bba, bba, bba"),
    ],
)
def test_worked_by_hand(answers, right, k, expected, why):
    assert maj(list(answers), right, k) == pytest.approx(expected, rel=1e-12), why


@pytest.mark.parametrize(
    ("answers", "k", "expected", "why"),
    [
        (["a", None, None], 3, 1, "who is silent does not vote"),
        (["a", None, None], 1, 1 / 3, "but is drawn"),
        (["a", "b", None], 2, (1 / 2 + 1 + 0) / 3, "ab, a, b"),
        ([None, None], 2, 0, "nobody votes"),
    ],
)
def test_a_sample_without_an_answer_does_not_vote(answers, k, expected, why):
    assert maj(answers, {"a"}, k) == pytest.approx(expected, rel=1e-12), why


@settings(deadline=None)
@given(letters, st.sets(st.sampled_from("abcd")), st.data())
def test_equals_every_subset(answers, right, data):
    k = data.draw(st.integers(1, len(answers)))
    assert maj(answers, right, k) == pytest.approx(every_subset(answers, right, k), abs=1e-12)


def test_the_whole_vote_of_many_samples():
    answers = ["a"] * 260 + ["b"] * 250 + [f"other {row}" for row in range(2)]
    assert maj(answers, {"a"}, 512) == pytest.approx(1, rel=1e-9)
    assert maj(answers, {"b"}, 512) == pytest.approx(0, abs=1e-9)
    # With 511, one answer is missing: 260 − 1 is still more than 250.
    assert maj(answers, {"a"}, 511) == pytest.approx(1, rel=1e-9)


def test_answers_may_be_anything_hashable():
    assert maj_at_k([(1, 2), (1, 2), 3], [True, True, False], 3) == pytest.approx(1)


@pytest.mark.parametrize(
    ("answers", "correct", "k", "message"),
    [
        (["a"], [True], 2, "`k` must be at most the number of answers, got k=2 and 1 answers"),
        ([], [], 1, "got k=1 and 0 answers"),
        (["a"], [True], 0, "`k` must be a whole number of at least 1, got 0"),
        (["a", "a"], [True, False], 1, "`correct` must be the same for equal answers, got both True and False for 'a'"),
        (["a", None], [True, True], 1, r"`correct\[1\]` is True, but `answers\[1\]` is None"),
        (["a", "b"], [True], 1, "`correct` has 1 entries and `answers` has 2"),
        (["a", ["b"]], [True, False], 1, r"`answers\[1\]` must be hashable, got list"),
        ("ab", [True, False], 1, "`answers` must be a sequence .* got one string"),
        (["a"], [1.0], 1, "`correct` must be booleans"),
    ],
)
def test_wrong_arguments_are_named(answers, correct, k, message):
    with pytest.raises(InputError, match=message):
        maj_at_k(answers, correct, k)
