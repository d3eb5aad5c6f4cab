"""OpenRLHF in processes of its own: its packages are in a folder that is on the path of nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from places import ROOT

PACKAGES = Path(sys.prefix) / "openrlhf"  # scripts/install.sh puts them there
CPU = Path(__file__).parent / "cpu"

if not (PACKAGES / "openrlhf").is_dir():
    collect_ignore_glob = ["test_experience_maker.py", "test_openrlhf_training.py"]

ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(map(str, (CPU, PACKAGES, ROOT))),
    "OPENRLHF_CPU": "1",
    "DS_ACCELERATOR": "cpu",
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # Ray's own 15 lets everything else on the machine go first
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ADDRESS": "local",
}
LIMIT_S = 900  # a run that hangs must end some time; one takes two minutes


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """run(*arguments of Python, input=..., **environment), with OpenRLHF on the path."""

    def call(*arguments: object, input: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            input=input,
            env=os.environ | ENVIRONMENT | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n…{done.stdout[-6000:]}\n…{done.stderr[-6000:]}"
        return done

    return call
