"""What is refused before training, and what a similarity reads."""

import logging

import numpy as np
import pytest
import trl_tiny as tiny

import darling_plugin.integrations.trl as adapter
from darling_plugin.errors import ConfigError, InputError, MissingDependencyError
from darling_plugin.integrations import versions
from darling_plugin.integrations.trl import DarlingReward
from darling_plugin.integrations.trl.quality import call_all, weighted_sum
from darling_plugin.integrations.trl.text import completion_text, prompt_name

# TRL uses names of transformers that have been renamed since.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.mark.parametrize(
    ("config", "changed", "message"),
    [
        ("GRPOConfig", {"scale_rewards": "group"}, 'Set GRPOConfig(scale_rewards="none")'),
        ("GRPOConfig", {"scale_rewards": "batch"}, 'Set GRPOConfig(scale_rewards="none")'),
        ("GRPOConfig", {"multi_objective_aggregation": "normalize_then_sum"}, '"sum_then_normalize"'),
        ("RLOOConfig", {"normalize_advantages": True}, "RLOOConfig(normalize_advantages=False)"),
        ("RLOOConfig", {"reward_clip_range": (-1.0, 1.0)}, "RLOOConfig(reward_clip_range=None)"),
    ],
)
def test_arguments_that_would_not_train_darling(trl, tmp_path, config, changed, message):
    args = tiny.arguments(tmp_path, getattr(trl, config), **changed)
    with pytest.raises(ConfigError) as error:
        DarlingReward(tiny.good, args, similarity="lexical")
    assert message in str(error.value)


def test_the_trainer_without_arguments_would_divide_by_the_standard_deviation(trl):
    with pytest.raises(ConfigError, match="args: got a NoneType"):
        adapter.DarlingGRPOTrainer(None, tiny.good)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"service": {"backend": "ray"}}, "darling.service: has no effect in TRL"),
        ({"samples": {"every": 5}}, "darling.samples: has no effect in TRL; set log_completions=True"),
        ({"monitor": True}, "darling.monitor: has no effect in TRL"),
        ({"quality": {"verifier": "math_verify"}}, "darling.quality.verifier: has no effect in TRL"),
        ({"diversity": {"floor": 2}}, "darling.diversity.floor"),  # the same errors as in every trainer
        ({"diversity": {"flor": 0.1}}, "Did you mean 'floor'?"),
        ({"similarity": "lexical"}, "darling.similarity"),
        ("lexical", "darling: must be a mapping"),
        ({"advantage": {"normalize_by_std": True}}, "Train with DarlingGRPOTrainer"),
    ],
)
def test_settings_that_mean_nothing_or_are_wrong(node, message):
    with pytest.raises(ConfigError) as error:
        DarlingReward(tiny.good, darling=node)
    assert message in str(error.value)


def test_a_similarity_is_a_name_or_an_object_and_is_given_once():
    object_ = type("Same", (), {"default_threshold": 0.5, "short_text_rule": False, "__call__": lambda s, p: [1.0]})()
    DarlingReward(tiny.good, similarity=object_, darling={"similarity": {"threshold": 0.9}})
    for similarity, node, message in (
        ("lexical", {"similarity": {"name": "embedding"}}, "set one of them"),
        (object_, {"similarity": {"name": "embedding"}}, "darling.similarity.name: has no effect"),
        (lambda pairs: [1.0], None, "got a function, expected a name, or an object"),
        ("words", None, "must be one of classifier"),
    ):
        with pytest.raises(ConfigError) as error:
            DarlingReward(tiny.good, similarity=similarity, darling=node)
        assert message in str(error.value)


def test_qualities_that_are_no_functions():
    with pytest.raises(ConfigError, match="expected one or several functions"):
        DarlingReward("accuracy", similarity="lexical")
    with pytest.raises(ConfigError, match="one number for each of 2 functions"):
        DarlingReward([tiny.good, tiny.short], weights=[1.0], similarity="lexical")
    with pytest.raises(ConfigError, match="train with DarlingGRPOTrainer"):
        import torch

        DarlingReward(torch.nn.Linear(1, 1), similarity="lexical")


@pytest.mark.parametrize(("found", "error"), [("1.7.0", ConfigError), ("1.17.0", ConfigError)])
def test_untested_versions(monkeypatch, found, error):
    monkeypatch.delenv(versions.TRL.allow, raising=False)
    with pytest.raises(error, match=found):
        versions.TRL.check(found)
    monkeypatch.setenv(versions.TRL.allow, "1")
    versions.TRL.check(found)


def test_no_trl(monkeypatch):
    monkeypatch.setattr(versions, "installed", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'trl>=1\.8,<1\.17'"):
        DarlingReward(tiny.good, similarity="lexical")


def test_called_directly_it_scores_by_the_arguments(trl, tmp_path):
    args = tiny.arguments(tmp_path, num_generations=2)
    reward = DarlingReward(lambda completions, **_: [1.0] * len(completions), args, similarity="lexical")
    # Two equal responses: one class of two, d = 0 below the floor. Two unlike ones: d = 1.
    assert reward(prompts=["p"] * 4, completions=["a b", "a b", "a b", "c d"]) == [0.1, 0.1, 1.0, 1.0]
    with pytest.raises(InputError, match="got 3, expected whole groups of 2"):
        reward(prompts=["p"] * 3, completions=["a", "b", "c"])
    with pytest.raises(InputError, match="DarlingReward\\(quality, args\\)"):
        DarlingReward(tiny.good, similarity="lexical")(prompts=["p"], completions=["a"])


def test_nothing_is_scored_when_no_function_applies(trl, tmp_path):
    args = tiny.arguments(tmp_path, num_generations=2)
    reward = DarlingReward(lambda completions, **_: [None] * len(completions), args, similarity="lexical")
    assert reward(prompts=["p"] * 2, completions=["a", "b"]) == [None, None]


def test_a_wrong_number_of_qualities_names_the_function():
    def forgetful(completions, **_):
        return completions[1:]

    with pytest.raises(InputError, match="forgetful: got 1 values for 2 completions"):
        call_all([forgetful], {"completions": [1.0, 2.0]}, 2)
    with pytest.raises(InputError, match="forgetful: got 0 values for 1 completions"):
        call_all([forgetful], {"completions": [1.0]}, 1)


def test_weights_add_what_applies():
    nan = np.nan
    total = weighted_sum(np.array([[1.0, nan, nan], [2.0, 3.0, nan]]), np.array([1.0, 0.5]))
    np.testing.assert_array_equal(total, [2.0, 1.5, nan])  # 1 + 2·0.5; 3·0.5; nobody


def test_a_failing_similarity_stops_training_or_leaves_quality(trl, tmp_path, caplog):
    class Broken:
        default_threshold, short_text_rule = 0.5, False

        def __call__(self, pairs):
            raise RuntimeError("no such model")

    args = tiny.arguments(tmp_path, num_generations=2)
    batch = {"prompts": ["p"] * 2, "completions": ["a", "b"], "target": ["a", "a"]}
    with pytest.raises(InputError, match="Broken failed on 1 items: RuntimeError: no such model"):
        DarlingReward(tiny.good, args, similarity=Broken())(**batch)
    with caplog.at_level(logging.WARNING):
        reward = DarlingReward(tiny.good, args, similarity=Broken(), darling={"on_failure": "quality_only"})
        assert reward(**batch) == [1.1, 0.1]
    assert "trains on quality alone" in caplog.text


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("plain", "plain"),
        ([{"role": "assistant", "content": "hello"}], "hello"),
        ([], ""),
        (
            [  # a tool's result is not the answer, and a call has no content
                {"role": "assistant", "content": None, "tool_calls": [{}]},
                {"role": "tool", "content": "42"},
                {"role": "assistant", "content": "It is 42."},
            ],
            "It is 42.",
        ),
        ([{"role": "assistant", "content": "first"}, {"role": "assistant", "content": ""}], "first"),
        ([{"role": "user", "content": "and?"}], ""),
        (
            [{"role": "assistant", "content": [{"type": "image"}, {"type": "text", "text": "a "},
                                               {"type": "text", "text": "cat"}]}],
            "a cat",
        ),
    ],
)  # fmt: skip
def test_what_a_similarity_reads(completion, text):
    assert completion_text(completion) == text


def test_a_prompt_has_one_name():
    def asked(text, image=None):
        parts = [{"type": "text", "text": text}, *([{"type": "image", "image": image}] if image is not None else [])]
        return [{"role": "user", "content": parts}]

    assert prompt_name("p") == prompt_name("p") != prompt_name("q")
    assert prompt_name(asked("p")) == prompt_name(asked("p")) != prompt_name(asked("q"))
    black, white = np.zeros((2, 2)), np.ones((2, 2))
    assert prompt_name(asked("p", black)) == prompt_name(asked("p", black.copy())) != prompt_name(asked("p", white))
