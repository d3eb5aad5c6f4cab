import bisect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin import partition
from darling_plugin.errors import InputError, SimilarityError
from darling_plugin.evaluation import distinct_k, greedy_partition, reward_to_score, utility_k
from darling_plugin.evaluation.novelty import ATHENE_8B, SKYWORK_GEMMA_2_27B

classes = st.lists(st.integers(0, 4), min_size=1, max_size=10)


@pytest.mark.parametrize(
    ("labels", "expected"), [([0, 1, 2], 3), ([0, 0, 0], 1), ([0, 1, 0, 2], 3), ([0, -1, 1, -1], 2), ([-1], 0), ([], 0)]
)
def test_distinct_k(labels, expected):
    assert distinct_k(labels) == expected
    assert distinct_k(np.array(labels, dtype=int)) == expected


@pytest.mark.parametrize(
    ("labels", "scores", "patience", "expected"),
    [
        # (10 + 0 · 1/2 + 5 · 1/4) / (1 + 1/2 + 1/4) = 11.25 / 1.75
        ([0, 0, 1], [10, 10, 5], 0.5, 11.25 / 1.75),
        ([0, 1, 2], [4, 4, 4], 0.8, 4),  # all new, one score
        ([0, 0], [6, 6], 0.8, 6 / 1.8),  # (1 − 0.8) / (1 − 0.64) · 6
        ([3], [7], 0.8, 7),
        ([0, 0, 1], [10, 10, 5], 1.0, 15 / 3),  # unlimited patience: the DARLING authors' utility
        ([0, 1], [2, 9], 0.0, 2),  # no patience: the first only
        ([-1, 0, 0], [9, 4, 9], 0.5, 2 / 1.75),  # what is left out opens no class
        ([5, 2, 5], [1, 1, 1], 1.0, 2 / 3),  # labels are names, not positions
    ],
)
def test_utility_worked_by_hand(labels, scores, patience, expected):
    assert utility_k(labels, scores, patience=patience) == pytest.approx(expected)


def test_patience_is_the_benchmarks_by_default():
    assert utility_k([0, 0], [6, 6]) == pytest.approx(6 * 0.2 / (1 - 0.8**2))


@settings(deadline=None)
@given(classes, st.floats(0.05, 0.95))
def test_utility_is_the_papers_formula(labels, p):
    scores = np.arange(1, len(labels) + 1)
    new = [label not in labels[:row] for row, label in enumerate(labels)]
    total = sum(p**row * scores[row] for row in range(len(labels)) if new[row])
    assert utility_k(labels, scores, patience=p) == pytest.approx((1 - p) / (1 - p ** len(labels)) * total)


def test_rewards_become_scores_from_1_to_10():
    rewards = [-100, -7.71875, -7.7, -5, -4.999, -2.046875, 0]
    # A reward at a threshold stays below it: 1 at the first, 6 at −5, the sixth, 9 at the last; above all of them 10.
    assert reward_to_score(rewards).tolist() == [1, 1, 2, 6, 7, 9, 10]
    assert reward_to_score([-4.6875, 0.4414, 0.45], ATHENE_8B).tolist() == [1, 9, 10]


@settings(deadline=None)
@given(st.lists(st.floats(-12, 3) | st.sampled_from(SKYWORK_GEMMA_2_27B)))
def test_scores_are_bisections(rewards):
    assert reward_to_score(rewards).tolist() == [bisect.bisect_left(SKYWORK_GEMMA_2_27B, each) + 1 for each in rewards]


def close(pairs):
    """Numbers at most 1 apart: not transitive."""
    return [abs(int(a) - int(b)) <= 1 for a, b in pairs]


def test_classes_are_those_of_first_members():
    texts = ["1", "2", "3", "0", "4"]
    # 2 and 0 match 1; 3 matches 2, but 2 is no first member; 4 matches 3.
    assert greedy_partition(texts, close, short_text_rule=False).tolist() == [0, 0, 1, 0, 1]
    # The transitive closure joins them all.
    assert partition(texts, [0] * 5, close, short_text_rule=False).tolist() == [0] * 5
    # Another order, other classes: 2 takes 1 and 3.
    assert greedy_partition(["2", "1", "3", "0", "4"], close, short_text_rule=False).tolist() == [0, 0, 0, 1, 2]


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=8))
def test_it_is_the_first_class_in_order_that_matches(numbers):
    firsts, expected = [], []
    for number in numbers:
        match = next((label for label, first in enumerate(firsts) if abs(first - number) <= 1), None)
        expected.append(len(firsts) if match is None else match)
        if match is None:
            firsts.append(number)
    texts = [str(number) for number in numbers]
    assert greedy_partition(texts, close, short_text_rule=False).tolist() == expected
    closure = partition(texts, [0] * len(texts), close, short_text_rule=False)
    assert distinct_k(closure) <= len(firsts)


def test_a_class_is_one_call_and_its_first_member_comes_first():
    calls = []

    def judge(pairs):
        calls.append(pairs)
        return close(pairs)

    greedy_partition(["1", "5", "2", "6"], judge, short_text_rule=False)
    assert calls == [[("1", "5"), ("1", "2"), ("1", "6")], [("5", "6")]]


def test_short_texts_do_not_reach_the_judge():
    def judge(pairs):
        assert pairs == [("a red apple", "a long answer about red apples")]
        return [0.2]

    texts = ["a red apple", "an apple red", "a long answer about red apples"]
    # The first two share "red" and "apple": 2 · 2 ≥ 3. The third has six words.
    assert greedy_partition(texts, judge).tolist() == [0, 0, 1]
    assert greedy_partition(texts, judge, threshold=0.102).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("texts", "expected"), [([], []), (["one text"], [0])])
def test_nothing_to_compare_is_not_asked(texts, expected):
    def judge(pairs):
        raise AssertionError(pairs)

    assert greedy_partition(texts, judge).tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: utility_k([], []), "`labels` must hold at least one response"),
        (lambda: utility_k([0, 1], [1]), "`scores` has 1 entries and `labels` has 2"),
        (lambda: utility_k([0], [float("nan")]), r"`scores\[0\]` must be a finite number"),
        (lambda: utility_k([0], [1], patience=1.1), r"`patience` must be in \[0, 1\], got 1.1"),
        (lambda: distinct_k([0.5]), "`labels` must be whole numbers"),
        (lambda: reward_to_score([1], [2, 1]), r"`thresholds` must ascend, got \[2, 1\]"),
        (lambda: greedy_partition("one", close), "`texts` must be a sequence of strings, got one string"),
        (lambda: greedy_partition(["1", "2"], close, threshold=2), r"`threshold` must be in \[0, 1\]"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_the_judges_answer_is_checked():
    with pytest.raises(SimilarityError, match="one probability per pair"):
        greedy_partition(["1", "2", "3"], lambda pairs: [1.0], short_text_rule=False)
