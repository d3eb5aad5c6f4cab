"""TRL trains, and the advantages in its own table of completions are the core's."""

import numpy as np
import pytest
import trl_tiny as tiny
from trl_tiny import DARLING

import darling_plugin.integrations.trl as adapter
from darling_plugin.integrations.trl import DarlingReward
from darling_plugin.integrations.trl.text import completion_text
from darling_plugin.objectives import OBJECTIVES

# TRL uses names of transformers that have been renamed since.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

EXACT = 1e-6  # TRL computes in float32


def near(found, wanted, largest=1.0):
    """Equal but for single precision; largest: what rewards grow to before the mean is taken off."""
    np.testing.assert_allclose(np.asarray(found, dtype=float), wanted, rtol=0, atol=EXACT * max(1.0, largest))


@pytest.mark.parametrize("chat", [False, True], ids=["text", "chat"])
def test_advantages_classes_and_metrics_are_the_cores(trl, tmp_path, chat):
    args = tiny.arguments(tmp_path)
    trainer = tiny.train(trl.GRPOTrainer, args, DarlingReward(tiny.good, args, darling=DARLING), chat=chat)
    found = tiny.tables(tmp_path)
    assert [len(table) for table in found] == [32, 32]
    logged = [row for row in trainer.state.log_history if "reward" in row]
    for table, row in zip(found, logged, strict=True):
        core = tiny.expected(table, 8, table["quality"])
        near(table["advantage"], core.advantages)
        near(table["darling"], core.rewards)
        near(table["diversity"], core.diversity)
        assert table["class"].tolist() == core.labels.tolist()
        assert len(set(table["class"])) > 2
        near(row["darling/quality/mean"], table["quality"].mean())
        near(row["darling/reward/mean"], row["reward"])


def test_several_functions_with_weights_async_and_none(trl, tmp_path):
    args = tiny.arguments(tmp_path, max_steps=1)
    reward = DarlingReward([tiny.good, tiny.short, tiny.quarter], args, weights=[1.0, 2.0, 0.5], darling=DARLING)
    trainer = tiny.train(trl.GRPOTrainer, args, reward)
    (table,) = tiny.tables(tmp_path)
    target = dict(zip(*(tiny.prompts()[column] for column in ("prompt", "target")), strict=True))
    texts = list(table["completion"])
    shorts = tiny.short(texts)
    assert None in shorts
    quality = np.array(tiny.good(texts, [target[prompt] for prompt in table["prompt"]]))
    quality += 2 * np.array([value or 0.0 for value in shorts]) + 0.5 * 0.25
    near(table["quality"], quality)
    near(table["advantage"], tiny.expected(table, 8, quality).advantages)
    logged = trainer.state.log_history[0]
    near(logged["darling/quality/short"], np.mean([value for value in shorts if value is not None]))
    near(logged["darling/quality/quarter"], 0.25)


def test_a_completion_that_nobody_scores_is_in_no_group(trl, tmp_path):
    args = tiny.arguments(tmp_path, max_steps=1)
    tiny.train(trl.GRPOTrainer, args, DarlingReward(tiny.none_for_red, args, darling=DARLING))
    (table,) = tiny.tables(tmp_path)
    scored = table["quality"].notna().to_numpy()
    assert 0 < scored.sum() < 32
    assert set(table["class"][~scored]) == {-1} and set(table["advantage"][~scored]) == {0.0}
    for start in range(0, 32, 8):
        group = table[start : start + 8][scored[start : start + 8]]
        near(group["advantage"], tiny.expected(group, 8, group["quality"]).advantages)


def test_a_reward_model_is_the_quality_of_the_trainer(trl, tmp_path):
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    torch.manual_seed(3)
    model = LlamaForSequenceClassification(LlamaConfig(**(tiny.shape(1).to_dict() | {"num_labels": 1})))
    model.score.weight.data *= 20  # else all scores are nearly 0
    model.config._name_or_path = "model"
    args = tiny.arguments(tmp_path, max_steps=1, reward_weights=[1.0, 0.5])
    trainer = tiny.train(
        adapter.DarlingGRPOTrainer,
        args,
        [model, tiny.good],
        reward_processing_classes=[tiny.tokenizer(), None],
        darling=DARLING,
    )
    (table,) = tiny.tables(tmp_path)
    quality = table["model"] + 0.5 * table["good"]
    assert (quality < 0).any()
    core = tiny.expected(table, 8, quality, fusion={"shift": "group_min"})
    near(table["advantage"], core.advantages)
    near(table["darling"], core.rewards)
    logged = trainer.state.log_history[0]
    near(logged["reward"], quality.mean())  # TRL's own figures stay pure quality
    near(logged["darling/reward/mean"], core.rewards.mean())


def runnable():
    """Objectives that TRL can run: all that need nothing of it that it does not give."""
    return [name for name, objective in OBJECTIVES.items() if "logprobs" not in objective.needs]


class Letters:
    """A similarity that also encodes: the share of words in common, and the count of each word."""

    default_threshold, short_text_rule = 0.4, False

    def __call__(self, pairs):
        return [len(set(a.split()) & set(b.split())) / max(1, len(set((a + " " + b).split()))) for a, b in pairs]

    def vectors(self, texts):
        counts = np.array([[1e-3 + text.split().count(word) for word in tiny.WORDS] for text in texts])
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.mark.parametrize("name", runnable())
def test_every_objective_gives_the_steps_advantages(trl, tmp_path, name):
    from darling_plugin.config import parse_settings
    from darling_plugin.integrations.trl.text import prompt_name
    from darling_plugin.rollouts import Rollouts
    from darling_plugin.step import Step

    node = {"objective": name}
    args = tiny.arguments(tmp_path, max_steps=2)
    tiny.train(adapter.DarlingGRPOTrainer, args, tiny.good, rows=4, darling=node, similarity=Letters())
    step = Step(parse_settings(node), similarity=Letters())
    tables = tiny.tables(tmp_path)
    assert len(tables) == 2  # of the same four prompts: what an objective counts goes on from step to step
    for table in tables:
        names = [prompt_name(prompt) for prompt in table["prompt"]]
        core = step(Rollouts(list(table["completion"]), [row // 8 for row in range(32)], table["good"], names))
        near(table["advantage"], core.advantages)
        assert np.ptp(table["advantage"]) > 0
        if step.objective.centered:
            near(core.advantages, core.rewards - core.rewards.reshape(4, 8).mean(axis=1).repeat(8))


def test_rloo_is_proportional(trl, tmp_path):
    args = tiny.arguments(tmp_path, trl.RLOOConfig, beta=0.0, max_steps=1)
    trainer = tiny.train(trl.RLOOTrainer, args, DarlingReward(tiny.good, args, darling=DARLING))
    logged = trainer._logs  # it writes no table
    core = tiny.expected(logged, 8, logged["extra"]["quality"])
    near(logged["advantages"], core.advantages * 8 / 7)  # n/(n − 1): the baseline leaves the response out


def test_evaluation_reports_pure_quality_beside_the_fused_reward(trl, tmp_path):
    args = tiny.arguments(
        tmp_path, max_steps=1, eval_strategy="steps", eval_steps=1, per_device_eval_batch_size=8, num_generations_eval=2
    )
    trainer = tiny.train(
        trl.GRPOTrainer, args, DarlingReward(tiny.good, args, darling=DARLING), eval_dataset=tiny.prompts(8)
    )
    (evaluated,) = [row for row in trainer.state.log_history if "eval_reward" in row]
    assert evaluated["eval_darling/quality/mean"] > evaluated["eval_reward"]  # diversity is at most 1, often 0.1
    near(evaluated["eval_darling/reward/mean"], evaluated["eval_reward"])
    assert evaluated["eval_darling/classes/max"] <= 2  # groups of num_generations_eval


def test_an_evaluation_leaves_the_shift_alone(trl, tmp_path):
    def negative_in_evaluation(completions, trainer_state, **_):
        return [float(trainer_state.global_step == 0) - 0.5] * len(completions)

    args = tiny.arguments(tmp_path, max_steps=1, eval_strategy="steps", eval_steps=1, per_device_eval_batch_size=8)
    reward = DarlingReward(negative_in_evaluation, args, darling=DARLING)
    tiny.train(trl.GRPOTrainer, args, reward, eval_dataset=tiny.prompts(8))
    assert reward._scorer.step.state_dict()["shift"] == "none"


def test_a_resumed_run_keeps_the_shift(trl, tmp_path):
    def falling(completions, trainer_state, **_):
        """Negative in the first step only: what comes later does not tell."""
        return [len(set(completion_text(each).split())) - (9.5 if trainer_state.global_step == 0 else 0)
                for each in completions]  # fmt: skip

    args = tiny.arguments(tmp_path / "first", max_steps=1, save_strategy="steps", save_steps=1)
    first = DarlingReward(falling, args, darling=DARLING)
    tiny.train(trl.GRPOTrainer, args, first)
    shift = first._scorer.step.state_dict()["shift"]
    assert shift < 0

    args = tiny.arguments(tmp_path / "second", max_steps=2)  # another folder than the checkpoint's
    again = DarlingReward(falling, args, darling=DARLING)
    trainer = trl.GRPOTrainer(
        model=tiny.policy(),
        reward_funcs=again,
        args=args,
        train_dataset=tiny.prompts(),
        processing_class=tiny.tokenizer(),
    )
    trainer.train(resume_from_checkpoint=str(tmp_path / "first" / "checkpoint-1"))
    assert again._scorer.step.state_dict()["shift"] == shift
    (table,) = tiny.tables(tmp_path / "second")
    assert table["quality"].min() >= 0
    wanted = tiny.expected(table, 8, table["quality"], fusion={"shift": shift})
    near(table["advantage"], wanted.advantages, largest=np.abs(wanted.rewards).max())
