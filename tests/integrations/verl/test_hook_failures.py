"""Negative qualities, and similarities that fail."""

import logging

import pytest
from hook_batches import group

from darling_plugin.errors import SimilarityError

LOGGERS = ("darling_plugin.step", "darling_plugin.shift")


def warnings_in(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name in LOGGERS and r.levelno == logging.WARNING]


def similarity(name: str) -> list[str]:
    return ["+darling.similarity.name=callable", f"+darling.similarity.function=hook_similarities:{name}"]


def test_the_first_negative_quality_shifts_from_then_on(make_trainer, compute, caplog):
    trainer = make_trainer()
    # All of x, y, z are distinct (d = 1), so the reward is the quality, shifted or not.
    assert compute(trainer, group("a", ("x", 1.0), ("y", 3.0))).rewards == [1.0, 3.0]
    assert warnings_in(caplog) == []
    # The lowest score so far, −2, comes off: 1 and 0.
    assert compute(trainer, group("a", ("x", -1.0), ("y", -2.0))).rewards == [1.0, 0.0]
    assert len(warnings_in(caplog)) == 1
    assert "darling.fusion.shift" in warnings_in(caplog)[0]
    assert "lowest -2" in warnings_in(caplog)[0]
    # Positive again, still shifted, by as much: two steps must not be rewarded on two scales.
    assert compute(trainer, group("a", ("x", 1.0), ("y", 3.0))).rewards == [3.0, 5.0]
    assert compute(trainer, group("a", ("x", -1.0), ("y", 3.0))).rewards == [1.0, 5.0]
    assert len(warnings_in(caplog)) == 1


def test_a_reward_models_scores_are_shifted_from_the_start(make_trainer, compute, caplog):
    trainer = make_trainer("reward.reward_model.enable=true")
    assert compute(trainer, group("a", ("x", 1.0), ("y", 3.0))).rewards == [0.0, 2.0]
    assert len(warnings_in(caplog)) == 1


@pytest.mark.parametrize(
    ("overrides", "rewards"),
    [
        (["+darling.fusion.shift=none"], [-1.0, -0.2]),  # d = 0.1: −10 · 0.1, −2 · 0.1
        (["+darling.fusion.shift=group_min"], [0.0, 0.8]),  # 0 · 0.1, 8 · 0.1
        (["+darling.fusion.mode=additive"], [-9.9, -1.9]),  # a sum needs no shift
        (["+darling.fusion.shift=-12"], [0.2, 1.0]),  # 2 · 0.1, 10 · 0.1
        (["+darling.objective=grpo"], [-10.0, -2.0]),
    ],
)
def test_a_chosen_shift_is_kept_in_silence(overrides, rewards, make_trainer, compute, caplog):
    trainer = make_trainer(*overrides)
    assert compute(trainer, group("a", ("x", -10.0), ("x", -2.0))).rewards == pytest.approx(rewards)
    assert warnings_in(caplog) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("failing", r"failed on 1 items: ConnectionError: the similarity is down"),
        ("one_answer_too_few", r"shape \(1,\) for 1 pairs; got shape \(0,\)"),
        ("out_of_range", r"probabilities in \[0, 1\]; got 1.5"),
    ],
)
def test_a_similarity_that_fails_stops_the_job(name, message, make_trainer, compute):
    with pytest.raises(SimilarityError, match=message):
        compute(make_trainer(*similarity(name)), group("a", ("x", 1.0), ("x", 0.0)))


@pytest.mark.parametrize("name", ["failing", "one_answer_too_few", "out_of_range"])
def test_quality_only_trains_on_quality_and_says_so_each_time(name, make_trainer, compute, caplog):
    trainer = make_trainer(*similarity(name), "+darling.on_failure=quality_only")
    for times in (1, 2):
        # The mean of 1, 1, 0.25 is 0.75.
        got = compute(trainer, group("a", ("x", 1.0), ("x", 1.0), ("y", 0.25)))
        assert got.rewards == [1.0, 1.0, 0.25]
        assert got.values == [0.25, 0.25, -0.5]
        assert len(warnings_in(caplog)) == times
        assert "this step trains on quality alone" in warnings_in(caplog)[-1]
    assert trainer._step.metrics()["darling/quality_only"] == 1.0


def test_a_quality_that_is_no_number_stops_the_job(make_trainer, compute):
    from darling_plugin.errors import InputError

    with pytest.raises(InputError, match="quality"):
        compute(make_trainer("+darling.on_failure=quality_only"), group("a", ("x", float("nan")), ("y", 0.0)))
