import math

import numpy as np
import pytest

from darling_plugin.kinds.data import split
from recipes.countdown.experiment.loop import OutOfTime
from recipes.kinds.experiment.loop import batch_of, train
from recipes.kinds.experiment.measure import Measured, count, kinds_per_wording
from recipes.kinds.experiment.rewards import Rewards
from recipes.kinds.experiment.settings import Run

SHORT = {"steps": 3, "evaluate_every": 2, "step_prompts": 2, "n": 4, "trained": 1, "samples": 16, "learning_rate": 1e-2}


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tiny, tiny_llama, tmp_path):
    run = Run(**SHORT, temperatures="0.5")
    whole = train(run, tiny_llama, tmp_path / "whole")
    with pytest.raises(OutOfTime):
        train(run, tiny_llama, tmp_path / "parts", deadline=0.0)
    resumed = train(run, tiny_llama, tmp_path / "parts")
    assert resumed.training == whole.training and resumed.evaluations == whole.evaluations
    assert [found["step"] for found in whole.evaluations] == [0, 2, 3]
    assert list(whole.evaluations[-1]["temperatures"]) == ["0.5"]
    assert len(whole.evaluations[-1]["groups"]) == 2  # there are two categories


def test_every_category_comes_once_in_an_epoch():
    run = Run(step_prompts=4)
    numbers = [number for step in range(3) for number in batch_of(run, step, 6)]
    assert sorted(numbers[:6]) == sorted(numbers[6:]) == [0, 1, 2, 3, 4, 5]
    assert numbers != [number for step in range(3) for number in batch_of(Run(step_prompts=4, seed=1), step, 6)]


def test_the_methods_pay_for_kinds_and_for_wording(tiny):
    texts = ["A trout is a food fish.", "One is the trout, a fish of rivers.", "A perch is a food fish.", "Hm, what?"]
    quality = np.array([1.0, 1.0, 1.0, 0.0])
    by_kind = Rewards(Run())(texts, [0] * 4, quality)
    # Classes {0, 1}, {2}, {3}: diversity (4 − 2) / 3 and (4 − 1) / 3.
    assert by_kind.rewards == pytest.approx([2 / 3, 2 / 3, 1.0, 0.0])
    by_words = Rewards(Run(objective="ngram"))(texts, [0] * 4, quality)
    # 4-grams: 3 of "A trout is a food fish.", of which "is a food fish." is shared with the perch's.
    assert by_words.rewards == pytest.approx([2 / 3, 1.0, 2 / 3, 0.0])
    plain = Rewards(Run(objective="grpo"))(texts, [0] * 4, quality)
    assert plain.rewards == pytest.approx(quality)


def test_what_is_counted_of_a_categorys_responses(tiny):
    fish = next(category for category in split().train if category.word == "fish")
    texts = ["A trout is a food fish.", "A trout  is a food fish.", "The trout is a fish of rivers.",
             "A perch is a food fish.", "An oak is a big tree."]  # fmt: skip
    # Trout three times, in two wordings (space does not count); a perch; the oak is wrong.
    assert count(fish, texts) == ([3, 1], [2, 1, 1])


def test_metrics_from_sizes():
    measured = Measured([[16, 16], []], [[1] * 32, []], samples=32, entropy=1.0, words=9.0)
    assert measured.pass_at(1).tolist() == [1.0, 0.0]
    # Among 16 of 32 a kind with 16 of them is missing with probability 1 / C(32, 16).
    assert measured.kinds_at(16) == pytest.approx([2 * (1 - 1 / math.comb(32, 16)), 0.0])
    # Each of the 32 wordings is among 16 of 32 with probability 1/2.
    assert measured.wordings_at(16) == pytest.approx([16.0, 0.0])
    assert kinds_per_wording(measured) == pytest.approx(2 / 16)
    assert kinds_per_wording(Measured([[]], [[]], 32, 1.0, 9.0)) == 0.0
