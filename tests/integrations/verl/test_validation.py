"""Diversity in verl's validation: the figures, and through verl's own code."""

import numpy as np
import pytest

from darling_plugin.integrations.verl.validation import validation_metrics, who_is_correct

SOURCES = ["aime"] * 4 + ["hmmt"] * 2
UID = ["a", "a", "b", "b", "c", "c"]
TEXTS = ["x", "x", "x", "y", "p", "p"]
QUALITY = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0])
EXPECTED = {
    "val-darling/aime/quality": 0.25,
    "val-darling/aime/classes@2": 1.5,  # {x, x} and {x}, {y}
    "val-darling/aime/correct_classes@2": 0.5,  # one of a's, none of b's
    "val-darling/aime/pass@1": 0.25,  # 1/2 and 0
    "val-darling/aime/pass@2": 0.5,
    "val-darling/hmmt/quality": 1.0,
    "val-darling/hmmt/classes@2": 1.0,
    "val-darling/hmmt/correct_classes@2": 1.0,
    "val-darling/hmmt/pass@1": 1.0,
    "val-darling/hmmt/pass@2": 1.0,
}


def test_figures_of_each_source():
    labels = np.array([0, 0, 0, 1, 0, 0])
    assert validation_metrics(SOURCES, UID, QUALITY, QUALITY > 0.5, labels) == pytest.approx(EXPECTED)


def test_the_order_of_the_responses_changes_nothing():
    order = np.array([4, 2, 0, 5, 1, 3])
    labels = np.array([0, 0, 0, 1, 0, 0])[order]
    sources, uid = [SOURCES[i] for i in order], [UID[i] for i in order]
    assert validation_metrics(sources, uid, QUALITY[order], QUALITY[order] > 0.5, labels) == pytest.approx(EXPECTED)


def test_a_prompt_that_lost_a_session_is_left_out_of_the_larger_k():
    correct = np.array([True, False, True])
    found = validation_metrics(["s"] * 3, ["a", "a", "b"], correct.astype(float), correct, None)
    # pass@1: 1/2 of a, 1 of b. pass@2: a alone has two.
    assert found == {"val-darling/s/quality": 2 / 3, "val-darling/s/pass@1": 0.75, "val-darling/s/pass@2": 1.0}


def test_nothing_validated_gives_nothing():
    assert validation_metrics([], [], np.array([]), np.array([], dtype=bool), None) == {}


@pytest.mark.parametrize(
    ("infos", "reward_model", "expected"),
    [
        ({"acc": [1.0, 0.0, True]}, True, [True, False, True]),
        ({}, False, [True, False, False]),
        ({"acc": [1.0, None, 1.0]}, False, [True, False, False]),  # not said of every response: the quality decides
        ({}, True, None),
        ({"acc": ["yes", "no", "yes"]}, False, [True, False, False]),  # a text says nothing
        ({"acc": ["1", "0", "1"]}, False, [True, False, False]),
        ({"acc": [2.5, -1.0, 0.3]}, True, None),  # logits
        ({"acc": [0.9, 0.5, -1.0]}, True, None),  # verl's copy of the score
        ({"acc": [np.True_, np.float32(0), 1]}, True, [True, False, True]),
        ({"acc": [1, 0, 0], "reward": [1, 0, 0]}, True, [True, False, False]),
        ({"acc": [float("nan"), 1.0, 0.0]}, False, [True, False, False]),
        ({"acc": [[1], [0], [1]]}, False, [True, False, False]),
    ],
)
def test_who_is_correct(infos, reward_model, expected):
    found = who_is_correct(infos, np.array([0.9, 0.5, -1.0]), 0.5, reward_model=reward_model)
    assert expected == (None if found is None else found.tolist())


@pytest.mark.parametrize(
    ("scores", "threshold", "expected"),
    [
        ([3.0, 8.0], 7.0, [False, True]),
        ([1.0, 0.0], 0.5, [True, False]),
        ([1.0, -1.0], 0.0, [True, False]),
        ([0.4, 0.6], 0.9, [False, False]),
    ],
)
def test_the_threshold_decides_where_verl_copies_the_score(scores, threshold, expected):
    found = who_is_correct({"acc": scores}, np.array(scores), threshold, reward_model=False)
    assert found.tolist() == expected


@pytest.fixture
def validate(make_trainer):
    """validate(*overrides): what verl's trainer makes of the same responses, after its validation has them."""

    def run(*overrides, estimator="darling"):
        trainer = make_trainer(*overrides, estimator=estimator)
        trainer._maybe_log_val_generations(inputs=["?"] * 6, outputs=TEXTS, scores=QUALITY.tolist())
        infos = {"reward": QUALITY.tolist()}
        return trainer._val_metrics_update(SOURCES, UID, infos, [1] * 6, expected_acc_counts={})

    return run


def test_verls_validation_reports_them_beside_its_own(validate):
    found = validate("+darling.similarity.name=callable", "+darling.similarity.function=hook_similarities:same_text")
    assert {key: value for key, value in found.items() if key.startswith("val-darling")} == pytest.approx(EXPECTED)
    assert found["val-core/aime/reward/mean@2"] == 0.25


def test_a_classifier_is_asked_through_its_service(validate):
    found = validate("+darling.similarity.name=classifier", "+darling.similarity.short_text_rule=false")
    assert found["val-darling/hmmt/classes@2"] == 1.0


def test_grpo_alone_is_left_as_it_is(validate):
    assert not [key for key in validate(estimator="grpo") if "darling" in key]


def test_ngrams_have_no_classes(validate):
    found = validate("+darling.objective=ngram")
    assert found["val-darling/aime/pass@2"] == 0.5
    assert not [key for key in found if "classes" in key]


def test_a_similarity_that_fails_costs_its_figures_alone(validate, caplog):
    found = validate("+darling.similarity.name=callable", "+darling.similarity.function=hook_similarities:failing")
    assert found["val-darling/aime/pass@2"] == 0.5
    assert not [key for key in found if "classes" in key]
    assert "no classes are logged for this validation" in caplog.text
