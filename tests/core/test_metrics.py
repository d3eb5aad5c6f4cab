import math

import pytest

from darling_plugin.core import group_metrics
from darling_plugin.errors import InputError


def test_a_batch_by_hand():
    # Three groups. p: two rows, one class, both correct. q: two rows, two classes, none correct. s: three rows, two
    # classes, one correct.
    metrics = group_metrics(
        quality=[1, 1, 0, 0, 1, 0, 0],
        diversity=[0.1, 0.1, 1, 1, 1, 0.5, 0.5],
        reward=[0.1, 0.1, 0, 0, 1, 0, 0],
        labels=[0, 0, 0, 1, 0, 1, 1],
        uid=list("ppqqsss"),
        correct=[True, True, False, False, True, False, False],
    )
    correlation = metrics.pop("quality_diversity_correlation")
    assert metrics == pytest.approx(
        {
            "quality/mean": 3 / 7,
            "diversity/mean": 4.2 / 7,
            "reward/mean": 1.2 / 7,
            "classes/mean": 5 / 3,
            "classes/min": 1,
            "classes/max": 2,
            "groups/all_one_class": 1 / 3,
            "groups/all_distinct": 1 / 3,
            "groups/all_correct": 1 / 3,
            "groups/all_wrong": 1 / 3,
            "groups/mixed": 1 / 3,
        }
    )
    # Σqd = 1.2, Σq = 3, Σd = 4.2, Σq² = 3, Σd² = 3.52; r = (7·1.2 − 3·4.2) / √((7·3 − 9)(7·3.52 − 17.64)).
    assert correlation == pytest.approx((8.4 - 12.6) / math.sqrt(12 * 7.0))
    assert all(type(value) is float for value in metrics.values())


def test_left_out_rows_are_in_no_class():
    # p: one class of one row, too few for the shares. q: two rows in two classes. s: nobody.
    metrics = group_metrics([1] * 6, [1] * 6, [1] * 6, [0, -1, 0, 1, -1, -1], list("ppqqss"))
    assert (metrics["classes/min"], metrics["classes/mean"], metrics["classes/max"]) == (0, 1, 2)
    assert (metrics["groups/all_one_class"], metrics["groups/all_distinct"]) == (0, 1)


def test_groups_of_one_have_no_share():
    metrics = group_metrics([1, 0], [1, 1], [1, 0], [0, 0], ["p", "q"])
    assert (metrics["groups/all_one_class"], metrics["groups/all_distinct"]) == (0, 0)


def test_without_labels_or_correct_their_lines_are_missing():
    metrics = group_metrics([1, 0], [1, 0.5], [1, 0], None, ["p", "p"])
    assert set(metrics) == {"quality/mean", "diversity/mean", "reward/mean", "quality_diversity_correlation"}


@pytest.mark.parametrize(
    ("quality", "diversity", "expected", "why"),
    [
        ([0.1, 0.1, 0.1], [0.1, 0.5, 1], 0, "quality does not vary"),
        ([0, 1, 2], [0.7, 0.7, 0.7], 0, "diversity does not vary"),
        ([1, 2, 3], [0.3, 0.2, 0.1], -1, "a falling line"),
        ([1e-300, 2e-300], [1e-300, 2e-300], 1, "squares that vanish"),
        ([1e200, 2e200], [0, 1], 1, "squares that overflow"),
        ([1], [1], 0, "one response"),
    ],
)
def test_correlation(quality, diversity, expected, why):
    metrics = group_metrics(quality, diversity, quality, None, [0] * len(quality))
    assert metrics["quality_diversity_correlation"] == pytest.approx(expected, abs=1e-12), why


def test_an_empty_batch_has_no_metrics():
    assert group_metrics([], [], [], [], [], correct=[]) == {}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("quality", [float("nan")], r"`quality\[0\]`"),
        ("diversity", [1.0, 1.0], "`diversity` has 2 entries"),
        ("reward", [float("inf")], r"`reward\[0\]`"),
        ("labels", [0.5], "`labels` must be whole numbers"),
        ("correct", [1], "`correct` must be booleans"),
    ],
)
def test_wrong_arguments_are_named(name, value, message):
    arguments = {"quality": [1.0], "diversity": [1.0], "reward": [1.0], "labels": [0], "uid": ["p"], "correct": [True]}
    with pytest.raises(InputError, match=message):
        group_metrics(**(arguments | {name: value}))
