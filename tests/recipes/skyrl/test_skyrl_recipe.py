"""SkyRL's trainer subclass on a base class of SkyRL's form: SkyRL itself is not installed."""

from types import SimpleNamespace

import pytest

from darling_plugin.config import parse_settings
from darling_plugin.core import group_advantages
from darling_plugin.errors import ConfigError
from darling_plugin.objectives import darling_advantages
from darling_plugin.step import Step
from recipes.skyrl.darling_skyrl import DarlingTrainer, check

WORDS = ("red", "blue", "sun", "moon")
SETTINGS = {"similarity": {"name": "lexical", "threshold": 0.4, "short_text_rule": False}}


class RayPPOTrainer:
    """What it is given to compute metrics of, and to make rewards per token of."""

    def __init__(self):
        self.all_metrics = {}
        self.tokenizer = SimpleNamespace(
            batch_decode=lambda rows, skip_special_tokens: [" ".join(WORDS[token] for token in row) for row in rows]
        )

    def postprocess_generator_output(self, generator_output, uids, metrics_generator_output=None, metrics_uids=None):
        self.measured = metrics_generator_output, metrics_uids
        return generator_output, uids


class Trainer(DarlingTrainer, RayPPOTrainer):
    pass


@pytest.fixture
def trainer():
    made = Trainer()
    made.darling = Step(parse_settings(SETTINGS))
    return made


def test_rewards_are_fused_and_metrics_pure(trainer):
    # a: both say "red" and "red red", one says "sun"; the classes are {0, 1} and {2}: d = 1/2, 1/2, 1.
    output = {"response_ids": [[0], [0, 0], [2]], "rewards": [1.0, 0.5, 1.0], "loss_masks": [[1], [1, 1], [1]]}
    fused, uids = trainer.postprocess_generator_output(output, ["a"] * 3)
    assert fused["rewards"] == pytest.approx([0.5, 0.25, 1.0])
    assert (fused["loss_masks"], uids) == (output["loss_masks"], ["a"] * 3)
    assert group_advantages(fused["rewards"], uids) == pytest.approx(
        darling_advantages(output["rewards"], [0, 0, 1], uids)
    )
    assert trainer.measured == (output, None) and output["rewards"] == [1.0, 0.5, 1.0]
    assert trainer.all_metrics["darling/classes/mean"] == 2.0

    trainer.postprocess_generator_output(output, ["a"] * 3, {"rewards": []}, ["b"])
    assert trainer.measured == ({"rewards": []}, ["b"])  # of the fully asynchronous trainer: dropped groups too


def test_rewards_per_token_are_refused(trainer):
    with pytest.raises(ConfigError, match="expected one per response"):
        trainer.postprocess_generator_output({"response_ids": [[0]], "rewards": [[0.0]]}, ["a"])


def config(estimator="grpo", norm=False, steps=False):
    return SimpleNamespace(
        trainer=SimpleNamespace(algorithm=SimpleNamespace(advantage_estimator=estimator, grpo_norm_by_std=norm)),
        generator=SimpleNamespace(step_wise_trajectories=steps),
    )


@pytest.mark.parametrize(
    ("changes", "node", "message"),
    [
        ({"estimator": "gae"}, SETTINGS, "trainer.algorithm.advantage_estimator=grpo"),
        ({"norm": True}, SETTINGS, "trainer.algorithm.grpo_norm_by_std=false"),
        ({"steps": True}, SETTINGS, "generator.step_wise_trajectories=false"),
        ({}, SETTINGS | {"advantage": {"normalize_by_std": True}}, "darling.objective=darling: "),
    ],
)
def test_the_check(changes, node, message):
    check(config(), Step(parse_settings(SETTINGS)))
    with pytest.raises(ConfigError, match=message):
        check(config(**changes), Step(parse_settings(node)))
