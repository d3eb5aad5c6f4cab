"""What `import verl` does in a process of its own, as in every process of a job."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = """
import json, logging, sys
import verl
logging.getLogger("darling_plugin.integrations.verl.partitions").info("chosen for the user")
ours = sorted(name for name in sys.modules if name.startswith("darling_plugin"))
import verl.trainer.ppo.core_algos as core_algos
print(json.dumps({"ours": ours, "estimators": sorted(map(str, core_algos.ADV_ESTIMATOR_REGISTRY)),
                  "trainer": "darling_plugin.integrations.verl.trainer" in sys.modules}))
"""
NOT_LOADED = """
import json, logging, sys
import verl
logging.getLogger("darling_plugin.integrations.verl.partitions").info("chosen for the user")
print(json.dumps([name for name in sys.modules if name.startswith("darling_plugin")]))
"""


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """The end of each process: they run beside each other, since `import verl` takes ten seconds."""
    # A plugin of another version than the one that the CPU patches are for, as far as metadata goes.
    other = tmp_path_factory.mktemp("site")
    (other / "vllm-9.9.dist-info").mkdir()
    (other / "vllm-9.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 9.9\n")

    def start(code: str, **env: str) -> subprocess.Popen:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("VERL_") and k != "PYTHONWARNINGS"}
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env=clean | env,
            cwd=Path(__file__).parents[3],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    started = {
        "loaded": start(LOADED),
        "not wanted": start(NOT_LOADED, VERL_USE_EXTERNAL_PLUGINS="none"),
        "no wrapt": start("import sys; sys.modules['wrapt'] = None\n" + NOT_LOADED),
        "wrong vllm": start(NOT_LOADED, VERL_PLATFORM="cpu", PYTHONPATH=str(other)),
    }
    ended = {}
    for name, process in started.items():
        out, err = process.communicate(timeout=300)
        ended[name] = subprocess.CompletedProcess(name, process.returncode, out, err)
    return ended


def test_import_verl_loads_the_door_and_little_else(processes):
    end = processes["loaded"]
    assert end.returncode == 0, end.stderr
    seen = json.loads(end.stdout.splitlines()[-1])
    assert "darling_plugin.integrations.verl.plugin" in seen["ours"]
    heavy = ("estimator", "reward_manager", "rollouts", "samples", "trainer", "validate")
    assert not [name for name in seen["ours"] if name.endswith(tuple(f".verl.{part}" for part in heavy))]
    assert not [name for name in seen["ours"] if name.startswith(("darling_plugin.cpu", "darling_plugin.similarity"))]
    assert "darling" in seen["estimators"]
    assert "chosen for the user" in end.stderr  # where verl's own lines go
    assert not seen["trainer"]


def test_verls_own_switch_keeps_the_plugin_out(processes):
    end = processes["not wanted"]
    assert end.returncode == 0, end.stderr
    assert json.loads(end.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize(("name", "reason"), [("no wrapt", "wrapt"), ("wrong vllm", "vllm 9.9 is installed")])
def test_a_plugin_that_cannot_load_says_so(name, reason, processes):
    end = processes[name]
    assert "darling-plugin could not be loaded into verl" in end.stderr, end.stderr
    assert reason in end.stderr
