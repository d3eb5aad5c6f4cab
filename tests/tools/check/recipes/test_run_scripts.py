"""The recipes' shell: it hands the same overrides to the check and to verl, the user's last."""

import os
import subprocess

import pytest
from places import ROOT

RECIPES = ROOT / "recipes"


@pytest.fixture
def called(tmp_path):
    """called(recipe, *arguments, **variables) -> the two commands, by a `python` that only writes down what it gets."""
    python = tmp_path / "python"
    python.write_text('#!/usr/bin/env bash\nprintf "%s\\t" "$@" >> "$CALLS"; echo >> "$CALLS"\n')
    python.chmod(0o755)

    def run(recipe, *arguments, **variables):
        calls = tmp_path / "calls"
        environment = {"PATH": os.environ["PATH"], "PYTHON": str(python), "CALLS": str(calls), **variables}
        subprocess.run(["bash", RECIPES / recipe / "run.sh", *arguments], env=environment, check=True)
        return [line.split("\t")[:-1] for line in calls.read_text().splitlines()]

    return run


def test_check_then_verl_with_the_same_overrides(called):
    check, train = called("math", "trainer.total_epochs=1", "data.seed=3")
    assert check[:3] == ["-m", "darling_plugin.cli", "check"]
    assert train[:2] == ["-m", "verl.trainer.main_ppo"]
    assert check[3:] == train[2:]
    assert train[2:] == [
        "+darling=[math,math_size/64gpu,variant/darling,engine/dp,mode/sync]",
        "trainer.total_epochs=1",
        "data.seed=3",
    ]


def test_variables(called):
    variables = {
        "SIZE": "1gpu",
        "VARIANT": "grpo",
        "MODEL_ENGINE": "megatron",
        "ADAPTER": "lora",
        "NNODES": "2",
        "GPUS": "4",
        "MODEL": "me/mine",
        "REWARD_MODEL": "rm",
        "TRAIN_FILES": "[a.parquet,b.parquet]",
        "VAL_FILES": "v.parquet",
    }
    assert called("creative_writing", CHECK_ONLY="1", **variables) == [
        [
            "-m",
            "darling_plugin.cli",
            "check",
            "+darling=[creative,creative_size/1gpu,variant/grpo,engine/megatron_1gpu,mode/sync,adapter/lora]",
            "trainer.nnodes=2",
            "trainer.n_gpus_per_node=4",
            "actor_rollout_ref.model.path=me/mine",
            "reward.reward_model.model_path=rm",
            "data.train_files=[a.parquet,b.parquet]",
            "data.val_files=v.parquet",
        ]
    ]


def test_a_failed_check_starts_no_training(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/usr/bin/env bash\necho "$2"\n[ "$2" != darling_plugin.cli ]\n')
    python.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "PYTHON": str(python)}
    done = subprocess.run(
        ["bash", RECIPES / "math/run.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "darling_plugin.cli\n")
