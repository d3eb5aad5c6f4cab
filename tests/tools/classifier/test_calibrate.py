from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.similarity.classifier.card import Card, read_card, write_card
from darling_plugin.similarity.classifier.scorer import probabilities
from darling_plugin.tools.classifier.calibrate import Aim, calibrate_scores, choose_threshold, fit
from darling_plugin.tools.classifier.groups import class_count_errors, complete_groups, partition_errors
from darling_plugin.tools.classifier.pairs import Pair

CARD = Card(kind="bi-encoder", base_model="m", max_tokens=8)


def drawn(n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits x with P(similar | x) = sigmoid((x + 1) / 3): temperature 3, shift 1."""
    draw = np.random.default_rng(seed)
    x = draw.normal(0, 5, n)
    return x, (draw.random(n) < probabilities(x + 1, 3.0)).astype(int)


def test_temperature_and_shift_are_found_again() -> None:
    temperature, shift = fit(*drawn())
    assert temperature == pytest.approx(3, rel=0.05)
    assert shift == pytest.approx(1, abs=0.15)


def test_separable_and_constant_scores_stay_finite() -> None:
    y = np.array([0, 0, 1, 1])
    for logits in (np.array([-5.0, -4.0, 4.0, 5.0]), np.full(4, 2.0)):
        temperature, shift = fit(logits, y)
        assert np.isfinite([temperature, shift]).all() and temperature > 0


def test_each_aim_chooses_its_threshold() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    y = np.array([0, 0, 0, 1, 0, 0, 1, 1, 1])
    # accuracy: above 0.65 one of nine is wrong. F1: also best there (6/7). No false merge: the same.
    assert choose_threshold(p, y, Aim("accuracy")) == pytest.approx(0.65)
    assert choose_threshold(p, y, Aim("f1")) == pytest.approx(0.65)
    assert choose_threshold(p, y, Aim("false_merges", 0.0)) == pytest.approx(0.65)
    # two of five distinct pairs may be merged: 0.35 finds all four equivalent ones, and merges 0.5 and 0.6
    assert choose_threshold(p, y, Aim("false_merges", 0.4)) == pytest.approx(0.35)


def test_of_equally_good_thresholds_the_middle_of_the_widest_gap_is_taken() -> None:
    p = np.array([0.1, 0.2, 0.8, 0.9])
    assert choose_threshold(p, np.array([0, 0, 1, 1]), Aim("accuracy")) == pytest.approx(0.5)


def group(classes: str, prompt: str = "p") -> list[Pair]:
    """All pairs of responses; classes[i] is the class of response i."""
    return [
        Pair(prompt, f"r{i}", f"r{j}", int(classes[i] == classes[j])) for i, j in combinations(range(len(classes)), 2)
    ]


def test_groups_are_the_prompts_of_which_every_pair_is_labelled() -> None:
    pairs = group("aab") + group("ab", "two") + group("abcd", "gap")[:-1]
    (whole,) = complete_groups(pairs)
    assert whole.responses == 3
    assert len(set(whole.classes.tolist())) == 2


def test_one_false_merge_joins_two_classes_and_the_classes_aim_avoids_it() -> None:
    # Two classes of four: 12 equivalent pairs, 16 distinct. One distinct pair scores 0.75, and three equivalent pairs
    # of each class only 0.7, so that the pairs alone are judged best with a threshold below it.
    pairs = group("aaaabbbb")
    y = np.array([pair.similar for pair in pairs])
    p = np.where(y == 1, 0.9, 0.1)
    low = [k for k, pair in enumerate(pairs) if pair.similar and {"r3", "r7"} & set(pair.texts)]
    p[low] = 0.7
    p[low[0]] = p[low[-1]] = 0.9  # r3 and r7 each keep one strong link to their class
    p[next(k for k, pair in enumerate(pairs) if not pair.similar)] = 0.75
    groups = complete_groups(pairs)
    by_pairs, by_classes = (choose_threshold(p, y, Aim(name), groups) for name in ("accuracy", "classes"))
    assert by_pairs < 0.75 < by_classes
    assert partition_errors(groups, p, by_pairs).classes == 1
    assert partition_errors(groups, p, by_classes).classes == 2
    assert partition_errors(groups, p, by_classes).adjusted_rand == 1


def test_class_counts_of_many_thresholds_are_those_of_the_partitions() -> None:
    draw = np.random.default_rng(0)
    groups = complete_groups(group("aabbcde") + group("aaaab", "two") + group("abc", "three"))
    p = draw.integers(0, 20, 21 + 10 + 3) / 20  # with ties
    thresholds = np.linspace(0, 1, 41)  # on the values too: a pair at the threshold is distinct
    expected = [partition_errors(groups, p, threshold).class_count for threshold in thresholds]
    assert class_count_errors(groups, p, thresholds).tolist() == pytest.approx(expected)
    # Threshold 1: nothing joins, 7, 5 and 3 classes for 5, 2 and 3: (2 + 3 + 0) / 3.
    assert expected[-1] == pytest.approx(5 / 3)


def test_the_card_keeps_all_that_was_chosen(tmp_path: Path) -> None:
    write_card(tmp_path, CARD)
    x, y = drawn(400)
    pairs = [Pair(str(k), "a", "b", int(similar)) for k, similar in enumerate(y)]
    card = calibrate_scores(tmp_path, pairs, x, Aim("f1"))
    assert read_card(tmp_path) == card
    assert card.calibration is not None
    assert card.calibration.aim == "f1" and card.calibration.pairs == 400
    assert set(card.calibration.others) == {"accuracy", "false_merges"}
    assert card.calibration.others["false_merges"].metrics["false_merges"] <= 0.05
    # what the card says about its threshold is what it gives
    said = probabilities(x + card.bias, card.temperature) > card.threshold
    assert card.calibration.metrics["accuracy"] == pytest.approx(np.mean(said == y), abs=1e-4)
    # calibrated once more, nothing moves
    again = calibrate_scores(tmp_path, pairs, x + card.bias, Aim("f1"))
    assert again.temperature == pytest.approx(card.temperature, rel=1e-2)
    assert again.bias == pytest.approx(card.bias, abs=0.05)


def test_what_cannot_be_calibrated_is_said(tmp_path: Path) -> None:
    write_card(tmp_path, CARD)
    pairs = [Pair("p", "a", "b", 1)] * 3
    with pytest.raises(InputError, match="these 3 are all of one kind"):
        calibrate_scores(tmp_path, pairs, np.zeros(3), Aim("f1"))
    pairs = [Pair("p", "a", "b", 1), Pair("q", "a", "b", 0)]
    with pytest.raises(InputError, match="every pair of responses is labeled"):
        calibrate_scores(tmp_path, pairs, np.array([1.0, 0.0]), Aim("classes"))
    with pytest.raises(InputError, match="must be one of accuracy, f1, false_merges, classes; got 'auc'"):
        Aim("auc")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no darling_classifier.json"),
        ("{", "is damaged"),
        ('{"kind": "bi-encoder"}', "base_model: Field required; max_tokens"),
        ('{"kind": "bi-encoder", "base_model": "m", "max_tokens": 8, "wording": {"x": 1}}', "rare_words, names"),
    ],
)
def test_a_damaged_card_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "darling_classifier.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_card(tmp_path)
