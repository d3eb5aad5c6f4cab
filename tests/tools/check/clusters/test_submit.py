"""`ray job submit`: what is carried to the nodes, and what is refused before anything is sent."""

import os
import subprocess
import sys

import pytest
from places import ROOT

sys.path.append(str(ROOT / "scripts/clusters"))

import submit

FILES = {"CHECKPOINTS": "/s/run", "TRAIN_FILES": "/s/train.parquet", "VAL_FILES": "[/s/a.parquet,/s/b.parquet]"}
WHAT_VERL_FINDS = """
from importlib.metadata import entry_points
(point,) = {point for point in entry_points(group="verl.plugins") if point.name == "darling"}
import darling_plugin, hydra_plugins
print(point.value, darling_plugin.__file__, *hydra_plugins.__path__, sep="\\n")
"""


def test_absolute_paths_and_names_on_the_hub_are_taken():
    submit.check_paths("math", FILES | {"MODEL": "Qwen/Qwen3-4B-Base"})
    submit.check_paths("creative_writing", FILES | {"MODEL": "/s/llama", "REWARD_MODEL": "/s/athene"})


@pytest.mark.parametrize(
    ("recipe", "variables", "message"),
    [
        ("math", {"CHECKPOINTS": "/s/run"}, "TRAIN_FILES is not set"),
        ("math", FILES | {"CHECKPOINTS": ""}, "CHECKPOINTS is not set"),
        ("math", FILES | {"CHECKPOINTS": "run"}, "CHECKPOINTS=run is relative"),
        ("math", FILES | {"VAL_FILES": "[/s/a.parquet,data/b.parquet]"}, "VAL_FILES=data/b.parquet is relative"),
        ("math", FILES | {"MODEL": "./policy"}, "MODEL=./policy is relative"),
        ("math", FILES | {"SIZE": "smoke"}, "MODEL is not set"),
        ("creative_writing", FILES, "REWARD_MODEL is not set"),
    ],
)
def test_a_path_that_would_mean_something_else_on_each_node(recipe, variables, message):
    with pytest.raises(SystemExit, match=message):
        submit.check_paths(recipe, variables)


def test_the_job_gets_the_recipes_variables_and_what_is_named_in_pass():
    shell = {
        "SIZE": "8gpu",
        "NODES": "1",
        "VARIANT": "",
        "PASS": "WANDB_MODE HF_HOME",
        "HF_HOME": "/s/hf",
        "HOME": "/me",
    }
    assert submit.job_environment(shell) == {"SIZE": "8gpu", "NODES": "1", "HF_HOME": "/s/hf"}


def test_what_workers_must_have_from_the_start():
    assert submit.job_environment({"SIZE": "smoke"})["VERL_PLATFORM"] == "cpu"
    assert submit.job_environment({"MODEL_ENGINE": "megatron"})["CUDA_DEVICE_MAX_CONNECTIONS"] == "1"


def test_a_process_with_the_bundle_on_its_path_has_the_plugin_from_there(tmp_path):
    bundle = tmp_path / "bundle"
    submit.bundle(bundle, [])
    assert (bundle / "recipes/math/run.sh").is_file() and (bundle / "scripts/clusters/train.sh").is_file()
    environment = os.environ | {"PYTHONPATH": str(bundle)}
    done = subprocess.run(
        [sys.executable, "-c", WHAT_VERL_FINDS], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    entry, module, *search_path = done.stdout.splitlines()
    assert entry == "darling_plugin.integrations.verl.plugin"
    assert module == str(bundle / "darling_plugin/__init__.py")
    assert str(bundle / "hydra_plugins") in search_path
