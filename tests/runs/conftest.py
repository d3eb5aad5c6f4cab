"""Real runs of verl's `main_ppo` on the CPU. Each takes minutes, most of them start-up, so each shows many things."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

import pytest

if find_spec("verl") is None or find_spec("vllm") is None:
    collect_ignore_glob = ["test_*.py"]

LIMIT_S = 1500  # a run that hangs must end some time; one takes about five minutes


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """run(*command, **environment): as a user would; on failure the test shows the end of what it printed."""

    def call(*command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env=os.environ | {"VERL_PLATFORM": "cpu", "RAY_ADDRESS": "local", "OMP_NUM_THREADS": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}\n…{done.stdout[-6000:]}"
        return done

    return call
