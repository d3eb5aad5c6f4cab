"""The quickstart from end to end, and its checkpoint resumed in another trainer mode, as a job with math-verify."""

import json
from pathlib import Path

import pandas as pd
import pytest
from json_lines import read_lines

from darling_plugin.countdown.task import parse

pytestmark = pytest.mark.verl


@pytest.fixture(scope="module")
def quickstart(run, tmp_path_factory) -> Path:
    """Two steps of DARLING, with DAPO's group filter, validation and TensorBoard switched on as well."""
    output = tmp_path_factory.mktemp("outputs")
    run(
        "recipes.countdown.quickstart",
        "--steps=2",
        "--warm-start-steps=300",
        f"--output={output}",
        "algorithm.filter_groups.enable=true",
        "algorithm.filter_groups.metric=any_correct",
        "data.train_batch_size=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=4",
        "data.val_max_samples=4",
        "trainer.test_freq=2",
        "trainer.logger=[console,file,tensorboard]",
        TENSORBOARD_DIR=str(output / "tensorboard"),
    )
    return output


def test_leaves_summary_metrics_curves_samples_and_policy(quickstart):
    folder = quickstart / "quickstart"
    summary = json.loads((folder / "summary.json").read_text())
    for when in ("before", "after"):
        values = summary[when]
        assert values["k"] == 8
        assert 0 <= values["pass@1"] <= values["pass@k"] <= 1
        # Of k samples at least one is right with probability pass@k, so the expected number of classes is no lower.
        assert values["distinct_correct"] >= values["pass@k"]
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "checkpoints/global_step_2/actor/huggingface/model.safetensors").exists()


def test_logs_the_metrics_of_each_step(quickstart):
    steps = read_lines(quickstart / "quickstart/metrics.jsonl")
    assert [step["step"] for step in steps] == [1, 2]
    for step in steps:
        assert 1 <= step["darling/classes/min"] <= step["darling/classes/mean"] <= step["darling/classes/max"] <= 8
        assert step["darling/reward/mean"] <= step["darling/quality/mean"]  # q · d, and d is at most 1
        assert step["darling/pairs/scored"] + step["darling/pairs/skipped"] == 8 * 28  # 8 groups of 8
        assert 0 <= step["darling/step_share"] < 1
        # DAPO's filter with this metric drops the groups without a right response, and keeps those that are all right.
        assert step["darling/groups/all_wrong"] == 0.0
        # verl's own score is pure quality too: it is comparable between estimators.
        assert step["critic/score/mean"] == pytest.approx(step["darling/quality/mean"])


def test_validation_reports_pure_quality(quickstart):
    rows = [row["data"] for row in read_lines(quickstart / "quickstart/verl_metrics.jsonl")]
    values = [row["val-core/countdown/acc/mean@8"] for row in rows if "val-core/countdown/acc/mean@8" in row]
    assert len(values) == 1
    assert values[0] * 4 * 8 == pytest.approx(round(values[0] * 4 * 8))  # a mean of 32 zeros and ones, not of q · d


def test_validation_reports_pass_at_k_and_classes_beside_it(quickstart):
    rows = [row["data"] for row in read_lines(quickstart / "quickstart/verl_metrics.jsonl")]
    found = next(row for row in rows if "val-darling/countdown/pass@8" in row)
    # The mean quality is pass@1; more tries never lower it, and no right class is not a class.
    assert found["val-darling/countdown/pass@1"] == pytest.approx(found["val-core/countdown/acc/mean@8"])
    assert found["val-darling/countdown/pass@1"] <= found["val-darling/countdown/pass@8"]
    assert found["val-darling/countdown/correct_classes@8"] <= found["val-darling/countdown/classes@8"] <= 8


def test_the_checkpoint_is_exported_with_a_card(quickstart, tmp_path):
    from darling_plugin.tools.export.export import export

    exported = export(quickstart / "quickstart", tmp_path / "out")
    assert exported.checkpoint.step == 2
    assert "`darling/quality/mean`" in (tmp_path / "out/README.md").read_text()


def test_writes_whole_groups_as_samples(quickstart):
    rows = read_lines(quickstart / "quickstart/samples/step_000001.jsonl")
    assert len(rows) == 4 * 8
    for row in rows:
        same = sum(other["uid"] == row["uid"] and other["class"] == row["class"] for other in rows)
        assert row["diversity"] == pytest.approx(max(0.1, (8 - same) / 7))
        assert row["reward"] == pytest.approx(row["quality"] * row["diversity"])
    assert list((quickstart / "tensorboard").glob("events.*"))


@pytest.fixture(scope="module")
def resumed(quickstart, run, tmp_path_factory) -> Path:
    """One step more, in another trainer mode, and as a math job: the target is the reference answer of math-verify."""
    folder = tmp_path_factory.mktemp("resumed")
    rows = pd.read_parquet(quickstart / "countdown/data/train.parquet")
    truths = [json.loads(row["ground_truth"])["target"] for row in rows["reward_model"]]
    rows["reward_model"] = [{"style": "rule", "ground_truth": str(target)} for target in truths]
    rows["data_source"] = "sums"
    rows.to_parquet(folder / "train.parquet")
    run(
        "verl.trainer.main_ppo",
        "+darling=[countdown,cpu]",
        "trainer.v1.trainer_mode=colocate_async",
        f"trainer.default_local_dir={quickstart / 'quickstart/checkpoints'}",
        "trainer.total_training_steps=3",
        f"data.train_files={folder / 'train.parquet'}",
        f"data.val_files={folder / 'train.parquet'}",
        f"actor_rollout_ref.model.path={quickstart / 'countdown/warm_start_0'}",
        "data.train_batch_size=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=4",
        "darling.similarity.name=embedding",
        "darling.similarity.function=null",
        "darling.quality.verifier=math_verify",
        "reward.custom_reward_function.path=null",
        "darling.diversity.scope=correct",
        "darling.samples.every=1",
        f"darling.samples.folder={folder / 'samples'}",
        "algorithm.use_kl_in_reward=true",
        "actor_rollout_ref.ref.log_prob_use_dynamic_bsz=true",
        VERL_FILE_LOGGER_PATH=str(folder / "metrics.jsonl"),
    )
    return folder


def test_resumes_from_the_checkpoint_in_another_trainer_mode(resumed):
    steps = [row for row in read_lines(resumed / "metrics.jsonl") if "training/global_step" in row["data"]]
    assert [step["step"] for step in steps] == [3]
    step = steps[0]["data"]
    assert step["darling/pairs/scored"] + step["darling/pairs/skipped"] <= 8 * 28  # only pairs of correct ones
    # The KL comes off verl's rewards token by token; the policy has moved by two steps, so it is not zero.
    assert step["critic/rewards/mean"] != step["critic/score/mean"]
    assert step["critic/score/mean"] == pytest.approx(step["darling/quality/mean"])
    assert 0 <= step["darling/reward/mean"] <= step["darling/quality/mean"]
    assert (step["darling/groups/all_wrong"] == 1.0) == (step["darling/quality/mean"] == 0.0)
    assert step["critic/advantages/min"] <= 0 <= step["critic/advantages/max"]  # centered in each group


def test_math_verify_decides_the_quality_of_whole_groups(resumed):
    rows = read_lines(next((resumed / "samples").glob("step_*.jsonl")))
    assert rows and len(rows) % 8 == 0
    prompts = pd.read_parquet(resumed / "train.parquet")["prompt"]
    assert {row["prompt"] for row in rows} <= {messages[0]["content"] for messages in prompts}
    for row in rows:
        expression, target = parse(row["response"]), int(row["prompt"].partition("=")[2][:2])
        if expression is not None:
            assert row["quality"] == float(expression.value == target), row
        assert row["quality"] in (0.0, 1.0)
        assert row["reward"] == pytest.approx(row["quality"] * row["diversity"])
