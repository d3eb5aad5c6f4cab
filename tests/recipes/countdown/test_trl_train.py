"""The Countdown script for TRL: its command, its settings, and one step of it (marked)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from darling_plugin.countdown.data import prepare
from darling_plugin.errors import ConfigError
from recipes.countdown.request import Estimator, Request, Trainer
from recipes.countdown.trl_train import read_settings, right


def test_the_command_takes_darlings_settings_and_no_others(tmp_path):
    data = type("Data", (), {"train": tmp_path / "train.parquet"})()
    request = Request(trainer=Trainer.trl, output=tmp_path, overrides=("darling.diversity.floor=0.2",))
    assert request.folder == tmp_path / "quickstart-trl"
    assert Request(Estimator.grpo, trainer=Trainer.trl, output=tmp_path).folder == tmp_path / "quickstart-grpo-trl"
    command = request.command(data, Path("policy"))
    assert "--objective=darling" in command and command[-1] == "darling.diversity.floor=0.2"
    with pytest.raises(ConfigError, match=r"actor_rollout_ref\.rollout\.n=4: with --trainer trl only"):
        Request(trainer=Trainer.trl, overrides=("actor_rollout_ref.rollout.n=4",)).command(data, Path("policy"))


def test_settings():
    node = read_settings(["darling.diversity.floor=0.2", "darling.similarity.function=null"], "darling")
    assert node["diversity"] == {"floor": 0.2} and node["similarity"] == {"name": "callable", "function": None}
    assert read_settings([], "grpo") == {"objective": "grpo"}


def test_quality():
    truth = json.dumps({"digits": [1, 2, 3, 4, 5], "target": 9})
    assert right(["4+5", "4+4", "oops"], [truth] * 3) == [1.0, 0.0, 0.0]


@pytest.mark.trl
def test_one_step(tmp_path):
    from darling_plugin.tools.report.read import read_run
    from recipes.countdown.model import build_model, build_tokenizer

    data = prepare(tmp_path / "data", train_prompts=64, validation_prompts=1, eval_prompts=1)
    build_model().save_pretrained(tmp_path / "policy")
    build_tokenizer().save_pretrained(tmp_path / "policy")
    options = {"data": data.train, "policy": tmp_path / "policy", "folder": tmp_path / "run", "steps": 1}
    command = [sys.executable, "-m", "recipes.countdown.trl_train", *(f"--{k}={v}" for k, v in options.items())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    run = read_run(tmp_path / "run", "run")
    (row,) = run.rows
    assert row["step"] == 1 and 0 <= row["darling/diversity/mean"] <= 1
    assert [len(group.responses) for group in run.groups] == [8] * 32
    assert (tmp_path / "run" / "policy" / "config.json").exists()
