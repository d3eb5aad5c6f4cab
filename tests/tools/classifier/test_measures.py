import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from darling_plugin.errors import InputError, MissingDependencyError
from darling_plugin.similarity import packaged
from darling_plugin.tools.classifier.measures import calibration_error, metrics, ranking, weighted_auc

LABELS = np.array([1, 1, 0, 0, 0])
LIKELY = np.array([0.9, 0.4, 0.6, 0.2, 0.1])

# Few scores, so that many are equal; at least one pair of each kind.
scored_pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 3)), min_size=2).filter(
    lambda rows: {label for label, _, weight in rows if weight} == {0, 1}
)


def columns(rows):
    return (np.array(column) for column in zip(*rows, strict=True))


def random_pairs(n, seed=0):
    """Labels, and scores of which the equivalent pairs' are higher by one standard deviation: AUC Φ(1/√2) = 0.76."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return labels, random.normal(size=n) + labels


def test_figures_worked_by_hand():
    found = metrics(LABELS, LIKELY, 0.5)
    # Called equivalent: 0.9 (rightly) and 0.6 (wrongly). Of the six (equivalent, distinct), only 0.4 < 0.6 is wrong.
    assert (found.n, found.prompts, found.equivalents) == (5, 5, 2)
    assert found.auc == pytest.approx(5 / 6)
    assert (found.accuracy, found.precision, found.recall, found.f1) == (3 / 5, 1 / 2, 1 / 2, 1 / 2)
    assert found.false_merges == 1 / 3
    # By falling score: right, wrong, right: (1/1 + 2/3) / 2.
    assert found.average_precision == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("scores", "auc", "precision"),
    [
        (LABELS * 1.0, 1, 1),  # perfect
        (1.0 - LABELS, 0, 2 / 5),  # inverted: both come when all five are called
        (np.zeros(5), 0.5, 2 / 5),  # constant: all ties
    ],
)
def test_perfect_inverted_and_constant_scores(scores, auc, precision):
    found = ranking(LABELS, scores)
    assert (found.auc, found.average_precision) == (auc, pytest.approx(precision))


def test_equivalent_is_above_the_threshold_and_not_at_it():
    assert metrics(LABELS, LIKELY, 0.9).recall == 0
    assert metrics(LABELS, LIKELY, 0.89).recall == 1 / 2


def test_each_pair_may_have_its_own_threshold():
    own = np.array([0.95, 0.3, 0.7, 0.3, 0.05])  # verdicts 0 1 0 0 1
    found = metrics(LABELS, LIKELY, own)
    assert (found.accuracy, found.recall, found.false_merges) == (3 / 5, 1 / 2, 1 / 3)


def test_a_figure_that_would_be_zero_by_zero_is_none():
    none_called = metrics(LABELS, LIKELY, 1.0)
    assert (none_called.precision, none_called.recall, none_called.f1) == (None, 0, 0)
    all_distinct = metrics(np.zeros(5, dtype=int), LIKELY, 0.5)
    assert (all_distinct.auc, all_distinct.auc_low, all_distinct.average_precision) == (None, None, None)
    assert (all_distinct.accuracy, all_distinct.recall, all_distinct.false_merges) == (3 / 5, None, 2 / 5)
    all_equivalent = metrics(np.ones(5, dtype=int), LIKELY, 0.5)
    assert (all_equivalent.auc, all_equivalent.recall, all_equivalent.false_merges) == (None, 2 / 5, None)
    assert metrics(np.zeros(5, dtype=int), LIKELY, 1.0).f1 is None
    json.dumps(all_equivalent.as_json(), allow_nan=False)


@settings(deadline=None)
@given(scored_pairs)
def test_a_weight_counts_as_so_many_copies_of_the_pair(rows):
    labels, scores, weights = columns(rows)
    expected = roc_auc_score(np.repeat(labels, weights), np.repeat(scores, weights))
    assert weighted_auc(labels, scores)(weights) == pytest.approx(expected)


def test_without_weight_on_both_kinds_there_is_no_auc():
    assert np.isnan(weighted_auc(LABELS, LIKELY)(LABELS))


def test_the_interval_holds_the_estimate_and_shrinks_with_more_pairs():
    few, many = (ranking(*random_pairs(n)) for n in (40, 4000))
    for found in (few, many):
        assert found.auc_low < found.auc < found.auc_high
    # A hundred times the pairs, about a tenth of the width.
    assert 5 < (few.auc_high - few.auc_low) / (many.auc_high - many.auc_low) < 20


def test_the_interval_covers_the_true_auc_about_as_often_as_it_says():
    # 0.760 lies outside a 95 % interval in 5 of 100 samples on average; more than 12 has a chance of 0.1 %.
    found = [ranking(*random_pairs(100, seed), bootstrap=200) for seed in range(100)]
    assert sum(not one.auc_low < 0.7602 < one.auc_high for one in found) <= 12


def test_the_same_seed_gives_the_same_interval():
    first, again, other = (ranking(*random_pairs(50), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.auc_low != other.auc_low


def test_prompts_are_resampled_not_pairs():
    labels, scores = random_pairs(50)
    prompts = [f"prompt {number}" for number in range(50)]
    once = ranking(labels, scores, prompts=prompts)
    # Each pair twice says nothing new, and the interval knows it where the copies share their prompt.
    twice = ranking(np.tile(labels, 2), np.tile(scores, 2), prompts=prompts * 2)
    assert (twice.auc_low, twice.auc_high) == pytest.approx((once.auc_low, once.auc_high))
    assert (twice.n, twice.prompts) == (100, 50)
    apart = ranking(np.tile(labels, 2), np.tile(scores, 2))
    assert apart.auc_high - apart.auc_low < 0.9 * (once.auc_high - once.auc_low)


def test_one_prompt_has_no_interval():
    found = ranking(LABELS, LIKELY, prompts=["p"] * 5)
    assert (found.auc_low, found.auc_high) == (None, None)
    assert found.auc == pytest.approx(5 / 6)


def test_without_resamples_there_is_no_interval():
    assert ranking(LABELS, LIKELY, bootstrap=0).auc_low is None


@pytest.mark.parametrize(
    ("labels", "likely", "error"),
    [
        ([0, 0, 0, 1, 0, 1, 1, 1], [0.25] * 4 + [0.75] * 4, 0),  # as often as it says
        ([0, 0], [0.9, 0.9], 0.9),
        ([1, 0], [1.0, 0.0], 0),  # 1 is in the last bin
        # Bin [0.2, 0.3): 1/2 against 0.25, two of four pairs; bin [0.6, 0.7): 1 against 0.65.
        ([1, 0, 1, 1], [0.2, 0.3 - 1e-9, 0.6, 0.7 - 1e-9], 0.25 / 2 + 0.35 / 2),
    ],
)
def test_calibration_error_worked_by_hand(labels, likely, error):
    assert calibration_error(np.array(labels), np.array(likely)) == pytest.approx(error, abs=1e-6)


@given(st.lists(st.integers(0, 1), min_size=1), st.floats(0, 1))
def test_the_calibration_error_of_a_constant_is_its_distance_from_the_share(labels, constant):
    error = calibration_error(np.array(labels), np.full(len(labels), constant))
    assert error == pytest.approx(abs(np.mean(labels) - constant), abs=1e-9)


@pytest.mark.parametrize(
    ("labels", "likely"), [([], []), ([1, 0], [0.5]), ([1, 0], [0.5, np.nan]), ([1, 0], [0.5, np.inf])]
)
def test_scores_must_be_one_finite_number_per_pair(labels, likely):
    with pytest.raises(InputError, match="expected one finite score per pair"):
        metrics(np.array(labels), np.array(likely), 0.5)


def test_probabilities_are_checked():
    with pytest.raises(InputError, match=r"`probabilities` must be in \[0, 1\], got -3 to 0.5"):
        metrics(np.array([1, 0]), np.array([0.5, -3]), 0.5)


def test_a_missing_library_names_its_command(monkeypatch):
    monkeypatch.setattr(packaged, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r'sklearn .* pip install "darling-plugin\[classifier\]"'):
        ranking(LABELS, LIKELY)
