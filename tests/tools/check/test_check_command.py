"""`darling check` as a user calls it."""

import os
import subprocess
import sys

from typer.testing import CliRunner

from darling_plugin.cli import app

WIDE = {"COLUMNS": "200"}
SETS = {"CUDA_VISIBLE_DEVICES": "", "VERL_LOGGING_LEVEL": "ERROR", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def check(*arguments):
    return CliRunner().invoke(app, ["check", *arguments], env=WIDE | SETS)  # restored afterwards


def test_a_job_that_is_ready():
    command = [sys.executable, "-m", "darling_plugin.cli", "check", "--nodes", "8", "--gpus-per-node", "8", "--offline"]
    job = ["+darling=math", "model_engine=megatron"]
    environment = {key: value for key, value in os.environ.items() if key != "VERL_PLATFORM"} | WIDE
    done = subprocess.run([*command, *job], env=environment, capture_output=True, text=True, check=False)
    page = done.stdout
    assert done.returncode == 0, page + done.stderr
    assert page.splitlines()[-1] == "ready"
    assert page.splitlines()[0] == "darling-math/darling: darling, Megatron, sync"
    # The classifier stands beside the policy: every GPU trains.
    assert "8 × 8" in page
    assert "on 64 of the 64 GPUs that train" in page
    # 256 prompts × 28 pairs = 7168; × 7 = 1792. 2048 responses × 8192 tokens.
    assert "1,792 (all the same) to 7,168 (all distinct) pairs" in page
    assert "at most 16,777,216 sampled" in page
    assert "actor_rollout_ref.model.path: Qwen/Qwen3-4B-Base (on the Hugging Face hub)" in page
    assert "data/math/aime25.parquet, data/math/hmmt.parquet" in page


def test_a_job_that_is_not():
    done = check("--offline", "+darling=math", "data.train_batch_size=250", "actor_rollout_ref.rollout.n=one")
    assert done.exit_code == 1
    # Counts come first: the rest cannot be reckoned without them.
    assert "actor_rollout_ref.rollout.n=one: must be a whole number of at least 1." in done.stdout
    assert done.stdout.splitlines()[-1] == "1 problem to fix"


def test_a_job_that_does_not_compose():
    done = check("--offline", "+darling=maths")
    assert done.exit_code == 1
    assert "Error: overrides: Hydra cannot compose the job" in done.stderr
    assert "Traceback" not in done.stderr
