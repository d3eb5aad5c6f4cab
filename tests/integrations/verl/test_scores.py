"""Rewards that mean what they say: ±1 verifiers, DAPO's penalty and group filter, verl's division by the deviation."""

import logging

import numpy as np
import pytest
from datasets import Dataset
from omegaconf import OmegaConf

from darling_plugin.config import parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl.scores import Lowest, known_lowest, source_lowest
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import Step


class Data:
    def __init__(self, *sources):
        self.dataframe = Dataset.from_dict({"data_source": list(sources), "prompt": [""] * len(sources)})


@pytest.mark.parametrize("source", ["math", "math_dapo", "math_dapo_reasoning", "aime24"])
def test_verls_verifier_gives_what_the_table_says(verl, source):
    from verl.utils.reward_score import default_compute_score

    right = default_compute_score(source, "Answer: 7", "7")["score"]
    wrong = default_compute_score(source, "Answer: 8", "7")["score"]
    assert (wrong, right) == (source_lowest(source), 1.0) == (-1.0, 1.0)


def test_the_lowest_score_of_other_sources_is_not_below_zero(verl):
    from verl.utils.reward_score import default_compute_score

    assert default_compute_score("openai/gsm8k", "#### 8", "7") == source_lowest("openai/gsm8k") == 0.0


DAPO = [
    "reward.reward_manager.name=dapo",
    "+reward.reward_kwargs.overlong_buffer_cfg.enable=true",
    "+reward.reward_kwargs.overlong_buffer_cfg.penalty_factor=1.0",
]


@pytest.mark.parametrize(
    ("sources", "overrides", "expected"),
    [
        (["openai/gsm8k"], [], None),
        (["openai/gsm8k", "aime25"], [], -1.0),
        (["math_dapo"], DAPO, -2.0),
        (["openai/gsm8k"], DAPO, -1.0),
        (["math_dapo"], ["reward.custom_reward_function.path=mine.py"], None),
        (["math_dapo"], ["reward.reward_model.enable=true"], None),
        (
            ["math_dapo"],
            ["reward.reward_manager.name=darling", "++darling.quality.verifier=math_verify"],
            None,
        ),
    ],
)
def test_the_lowest_score_is_known_at_the_start(compose, sources, overrides, expected):
    config = compose("algorithm.adv_estimator=darling", *overrides)
    node = OmegaConf.to_container(config.darling) if "darling" in config else None
    found = known_lowest(config, parse_settings(node), Data(*sources))
    assert (None if found is None else found.value) == expected


def test_a_dataset_of_another_form_says_nothing(compose):
    assert known_lowest(compose(), parse_settings(None), object()) is None


def same_letter(pairs):
    return [float(a[:1] == b[:1]) for a, b in pairs]


def scored(verl, responses, *, penalty=None):
    """Advantages of one group of `math_dapo` responses, as verl scores them."""
    from verl.utils.reward_score import default_compute_score

    quality = [default_compute_score("math_dapo", text, "7")["score"] for text in responses]
    quality = np.add(quality, penalty or 0.0)
    step = Step(parse_settings({"similarity": {"name": "callable", "function": "test_scores:same_letter"}}))
    lowest = Lowest(-2.0 if penalty is not None else -1.0, "of a test")
    step.shift.expect_lowest(lowest.value, lowest.reason)
    return step(Rollouts(responses, ["a"] * len(responses), quality))


def test_an_all_correct_group_of_a_plus_minus_one_verifier_is_taught_diversity(verl):
    # Classes {a, a}, {b}: d = 1/2, 1/2, 1. Quality 1 − (−1) = 2: r = 1, 1, 2; mean 4/3.
    got = scored(verl, ["a Answer: 7", "a. Answer: 7", "b Answer: 7"])
    assert got.quality.tolist() == [1, 1, 1]
    assert got.advantages.tolist() == pytest.approx([-1 / 3, -1 / 3, 2 / 3])


def test_an_all_correct_group_under_dapos_penalty_is_taught_diversity(verl):
    # The third is too long: 1 − 0.5. Quality + 2 = 3, 3, 2.5; d = 1/2, 1/2, 1: r = 1.5, 1.5, 2.5; mean 5.5/3.
    got = scored(verl, ["a Answer: 7", "a. Answer: 7", "b Answer: 7"], penalty=[0.0, 0.0, -0.5])
    assert got.advantages.tolist() == pytest.approx([-1 / 3, -1 / 3, 2 / 3])


def test_what_is_subtracted_is_said_once_and_is_the_same_for_all_groups(caplog):
    step = Step(parse_settings({"similarity": {"name": "callable", "function": "test_scores:same_letter"}}))
    with caplog.at_level(logging.INFO, logger="darling_plugin"):
        step.shift.expect_lowest(-1.0, "verl's verifier of math_dapo gives -1 or 1")
        step(Rollouts(["a", "b", "c", "d"], [0, 0, 1, 1], [1.0, 1.0, -1.0, 1.0]))
    (said,) = [record.getMessage() for record in caplog.records if "subtracted" in record.getMessage()]
    assert said.startswith("darling: -1 is subtracted from every quality") and "math_dapo gives -1 or 1" in said
    # Group 0: 2, 2 (d = 1); group 1: 0, 2. One constant for both.
    assert step.state_dict()["shift"] == -1.0


@pytest.mark.parametrize("shift", ["none", "group_min", -3.0])
def test_a_shift_that_is_set_stays(shift):
    step = Step(parse_settings({"similarity": {"name": "lexical"}, "fusion": {"shift": shift}}))
    step.shift.expect_lowest(-1.0, "of a test")
    assert step.state_dict()["shift"] == shift


def validated(config):
    from darling_plugin.integrations.verl.validate import validate_job

    validate_job(config)


FILTER = ["algorithm.filter_groups.enable=true", "algorithm.filter_groups.metric=acc"]


def test_dapos_filter_of_all_correct_groups_is_refused(compose):
    with pytest.raises(
        ConfigError, match=r"filter_groups.metric=acc: .*Set algorithm.filter_groups.metric=any_correct"
    ):
        validated(compose("algorithm.adv_estimator=darling", *FILTER))
    validated(compose("algorithm.adv_estimator=darling", FILTER[0], "algorithm.filter_groups.metric=any_correct"))
    validated(compose("algorithm.adv_estimator=darling", "++darling.objective=grpo", *FILTER))
    validated(compose("algorithm.adv_estimator=grpo", *FILTER))


def test_the_metric_drops_groups_without_a_correct_response_only():
    from darling_plugin.integrations.verl.streaming import any_correct, is_correct

    def dropped(*responses):  # as verl 0.9.1's replay buffer decides (`_dapo_filtered_keys`)
        return float(np.std([any_correct(tokens, correct) for tokens, correct in responses])) == 0.0

    assert dropped(([1], False), ([2], False))
    assert not dropped(([1], True), ([2], False))
    assert not dropped(([1], True), ([2], True))
    assert dropped(([1], True), ([1], True))  # one response twice: no advantage, whatever it is worth
    assert is_correct(0.4, {"acc": True}, 0.5) and not is_correct(0.4, {}, 0.5)  # right, with a penalty


def test_a_division_that_somebody_set_is_not_ignored(compose, caplog):
    from darling_plugin.integrations.verl.validate import _check_std, read_settings

    def check(*overrides, given=()):
        config = compose("algorithm.adv_estimator=darling", *overrides)
        settings = read_settings(config)
        _check_std(config, settings, settings.build_objective(), given)

    with caplog.at_level(logging.INFO, logger="darling_plugin"):
        check()  # verl's default is true: nobody has asked for it
    assert "not divided by the group's standard deviation" in caplog.text
    with pytest.raises(ConfigError, match=r"grpo=true: .*Set darling.advantage.normalize_by_std=true, or leave"):
        check(given=["algorithm.norm_adv_by_std_in_grpo=true"])
    with pytest.raises(ConfigError, match=r"grpo=false: .*normalize_by_std=true says the opposite"):
        check("algorithm.norm_adv_by_std_in_grpo=false", "++darling.advantage.normalize_by_std=true")
    check("algorithm.norm_adv_by_std_in_grpo=false")
    check("++darling.advantage.normalize_by_std=true", given=["algorithm.norm_adv_by_std_in_grpo=true"])
