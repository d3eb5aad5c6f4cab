"""Submits a recipe to a running Ray cluster, and brings this checkout's plugin to each of its nodes.

    export RAY_API_SERVER_ADDRESS=http://head:8265              # and RAY_AUTH_TOKEN, where the cluster asks for one
    export SIZE=8gpu TRAIN_FILES=/shared/data/math/deepscaler_10k.parquet VAL_FILES=/shared/data/math/aime25.parquet
    export CHECKPOINTS=/shared/checkpoints/math NODES=1
    python scripts/clusters/submit.py math trainer.total_training_steps=100

The recipe's variables come from the environment, as for recipes/*/run.sh; name further ones for the job in
PASS. Arguments are Hydra overrides. The nodes need verl and what the plugin depends on. Name what they lack in BRING
("math-verify wrapt"): it is brought along, for nodes with the Python of this one. A job with the same CHECKPOINTS
continues the same run. NO_WAIT=1 returns once the job is submitted; otherwise its output is printed here.

How the plugin gets there: the job's working directory is the plugin as `pip install --target` lays it out, entry point
included, with the recipes beside it. Ray puts that directory on the PYTHONPATH of every process of the job, on every
node, so that `import verl` finds the plugin. Relative paths start in it too, so use absolute ones for lasting files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PATHS = ("CHECKPOINTS", "MODEL", "REWARD_MODEL", "TRAIN_FILES", "VAL_FILES")
RECIPE = ("SIZE", "VARIANT", "MODEL_ENGINE", "MODE", "ADAPTER", "NNODES", "GPUS")
LAUNCH = ("NODES", "WAIT_S", "SAVE_EVERY", "PYTHON")


def main(recipe: str, overrides: list[str], environment: Mapping[str, str]) -> int:
    check_paths(recipe, environment)
    with tempfile.TemporaryDirectory() as folder:
        bundle(Path(folder), environment.get("BRING", "").split())
        job = ["bash", "scripts/clusters/train.sh", recipe, *overrides]
        runtime_env = {"env_vars": job_environment(environment)}
        command = [sys.executable, "-m", "ray.scripts.scripts", "job", "submit", f"--working-dir={folder}"]
        if environment.get("NO_WAIT"):
            command.append("--no-wait")
        return subprocess.call([*command, f"--runtime-env-json={json.dumps(runtime_env)}", "--", *job])


def check_paths(recipe: str, environment: Mapping[str, str]) -> None:
    """Raises `SystemExit` for a path that would mean something else on each node, and where one is left out."""
    needed = ["CHECKPOINTS", "TRAIN_FILES", "VAL_FILES"]
    if recipe == "creative_writing":
        needed.append("REWARD_MODEL")
    if environment.get("SIZE") == "smoke":
        needed.append("MODEL")
    for name in needed:
        if not environment.get(name):
            sys.exit(f"error: {name} is not set. Give an absolute path on a disk that all nodes share.")
    for name in PATHS:
        for path in environment.get(name, "").strip("[]").split(","):
            hub = name.endswith("MODEL") and not path.startswith(".") and path.count("/") == 1
            if path and not path.startswith("/") and not hub:
                sys.exit(
                    f"error: {name}={path} is relative, but each node would look for it in its own copy of the job's "
                    "working directory. Give an absolute path on a disk that all nodes share."
                )


def job_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What every process of the job gets: Ray's workers have the environment of their node, not that of this shell."""
    passed = [*RECIPE, *PATHS, *LAUNCH, *environment.get("PASS", "").split()]
    found = {name: environment[name] for name in passed if environment.get(name)}
    if found.get("SIZE") == "smoke":
        found["VERL_PLATFORM"] = "cpu"
    if found.get("MODEL_ENGINE") == "megatron":
        found["CUDA_DEVICE_MAX_CONNECTIONS"] = "1"
    return found


def bundle(folder: Path, bring: list[str]) -> None:
    """The job's working directory: the plugin, what else is brought along, the recipes and what launches them."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, f"--target={folder}", str(PROJECT), *bring], check=True)
    for part in ("recipes", "scripts/clusters"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("math", "creative_writing"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:], os.environ))
