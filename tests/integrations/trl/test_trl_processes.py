"""Processes of TRL: a group that is cut between two of them, and the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trl_tiny as tiny
from places import ROOT

pytestmark = pytest.mark.trl
HERE = Path(__file__).parent
OWN = os.environ.get("PYTHONPATH", "")  # first: another TRL may be there
PATHS = os.pathsep.join([*filter(None, [OWN]), str(ROOT), str(HERE), str(Path(sys.prefix) / "trl")])


def run(*command, folder):
    environment = os.environ | {"PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=500)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


def near(found, wanted):
    np.testing.assert_allclose(np.asarray(found, dtype=float), wanted, rtol=0, atol=1e-6)


def test_a_group_that_is_cut_between_two_processes(tmp_path):
    cases = ["reward", "negative", "fails", "trainer"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run(*torchrun, str(HERE / "trl_two_processes.py"), str(tmp_path), *cases, folder=tmp_path)
    ended = {
        case: [json.loads((tmp_path / case / f"ended-{rank}.json").read_text()) for rank in (0, 1)] for case in cases
    }
    for case in cases:
        found = tiny.tables(tmp_path / case)
        assert [len(table) for table in found] == [12, 12]
        for table, logged in zip(found, ended[case][0]["logged"], strict=True):
            quality = table["good"] if case == "trainer" else table["quality"]
            if case == "fails":
                by_group = quality.to_numpy().reshape(3, 4)
                near(table["advantage"], (by_group - by_group.mean(axis=1, keepdims=True)).ravel())
                continue
            node = {}
            if case == "negative":  # the lowest of all processes, rounded down, once it was seen
                node = {"fusion": {"shift": shift_so_far(found, table)}}
            core = tiny.expected(table, 4, quality, **node)
            near(table["advantage"], core.advantages)
            near(table["diversity"], core.diversity)
            assert table["class"].tolist() == core.labels.tolist()
            near(logged["darling/quality/mean"], quality.mean())
    # Groups 0 and 1 begin in the first process, group 2 in the second: six pairs each, at most, in each of two steps.
    pairs = [each["pairs"] for each in ended["reward"]]
    assert 0 < pairs[1] <= 2 * 6 < pairs[0] <= 2 * 12


def shift_so_far(found, table):
    lowest = min(each["quality"].min() for each in found[: [id(one) for one in found].index(id(table)) + 1])
    return float(np.floor(lowest))


def test_the_command_line(tmp_path):
    tiny.policy().save_pretrained(tmp_path / "policy")
    tiny.tokenizer().save_pretrained(tmp_path / "policy")
    data = tmp_path / "data"
    data.mkdir()
    tiny.prompts().to_json(data / "train.jsonl")
    (tmp_path / "my_rewards.py").write_text(
        "from trl_tiny import DARLING, good\n"
        "from darling_plugin.integrations.trl import DarlingReward\n"
        "darling = DarlingReward(good, darling=DARLING)\n"
    )
    settings = {
        "model_name_or_path": tmp_path / "policy",
        "dataset_name": data,
        "reward_funcs": "my_rewards.darling",
        "output_dir": tmp_path / "out",
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "max_completion_length": 6,
        "max_steps": 1,
        "logging_steps": 1,
        "report_to": "none",
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    flags += ["--use_cpu", "--log_completions", "--bf16=false", "--save_strategy=no", "--gradient_checkpointing=false"]
    module = [sys.executable, "-m", "trl.scripts.grpo"]
    run(*module, *flags, "--scale_rewards=none", folder=tmp_path)
    (table,) = tiny.tables(tmp_path / "out")
    near(table["advantage"], tiny.expected(table, 4, table["quality"]).advantages)
