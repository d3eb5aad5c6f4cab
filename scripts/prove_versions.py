"""Checks the plugin with each supported version of verl, on this CPU.

    python scripts/prove_versions.py                       the installed verl: functions of its trainers, then two runs
    python scripts/prove_versions.py --versions 0.9.0 0.8.0   another verl, installed into a temporary folder:
                                                           functions of its trainers
    python scripts/prove_versions.py --functions-only      without the runs, which take minutes

Runs: two steps of the math recipe at smoke size, with trainer.use_v1=true and with false; each must log classes and
advantages. Functions: `tests/integrations/verl/test_v0.py`, `test_any_estimator.py` and, where verl has V1,
`test_hook_rewards.py`, each on verl's own DataProto and trainer classes. Without a GPU another verl than the one that
`darling_plugin/cpu` was made for cannot train, so only its functions are called. Exit code 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from darling_plugin.integrations.verl.versions import verl_version

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests" / "integrations" / "verl"
V0 = ("test_v0.py", "test_any_estimator.py")
LOGGED = ("darling/classes/mean", "darling/diversity/mean", "critic/advantages/max", "critic/score/mean")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--versions", nargs="*", help="Versions of verl. The default is the installed one.")
    parser.add_argument("--functions-only", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("outputs/versions"), help="Folder for the logs.")
    arguments = parser.parse_args()
    here = verl_version()
    results = []
    for version in arguments.versions or [here]:
        results.append(functions(version, here))
        if version == here and not arguments.functions_only:
            results += [run(use_v1, arguments.out) for use_v1 in (True, False)]
    print(json.dumps(results, indent=2))
    return 0 if all(result["passed"] for result in results) else 1


def functions(version: str, here: str | None) -> dict[str, object]:
    """The tests of verl's own trainer functions, on one version."""
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        paths = [str(ROOT)]
        if version != here:
            install = [uv(), "pip", "install", "--quiet", "--python", sys.executable, "--no-deps"]
            subprocess.run([*install, "--target", folder, f"verl=={version}"], check=True)
            paths.insert(0, folder)
        has_v1 = not (Path(folder) / "verl").exists() or (Path(folder) / "verl/trainer/ppo/v1").exists()
        if not has_v1:
            environment["VERL_USE_EXTERNAL_MODULES"] = "darling_plugin.integrations.verl.plugin"
        environment["PYTHONPATH"] = os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")])
        files = [*V0, "test_hook_rewards.py"] if has_v1 else [*V0]
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-n", "0", *(str(TESTS / file) for file in files)]
        if version != here:
            command += ["-W", "ignore"]  # what an older verl makes today's Ray and PyTorch warn of
        if not has_v1:
            command += ["-k", "not v1"]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:], file=sys.stderr)
    return {
        "verl": version,
        "what": "functions of " + ("V1 and V0" if has_v1 else "V0"),
        "passed": done.returncode == 0,
        "said": done.stdout.strip().splitlines()[-1:],
        "seconds": round(time.monotonic() - began),
    }


def uv() -> str:
    """The one beside this Python, else the one that the shell finds."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else "uv"


def run(use_v1: bool, out: Path) -> dict[str, object]:
    """Two steps of the math recipe at smoke size."""
    folder = (out / f"use_v1_{str(use_v1).lower()}").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    smoke = ROOT / "outputs" / "smoke"
    if not (smoke / "policy").exists():
        subprocess.run([sys.executable, str(ROOT / "recipes" / "smoke.py")], cwd=ROOT, check=True)
    metrics = folder / "metrics.jsonl"
    metrics.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "verl.trainer.main_ppo", "+darling=[math,math_size/smoke]"),
        *(f"trainer.use_v1={str(use_v1).lower()}", f"trainer.default_local_dir={folder / 'checkpoints'}"),
        *("trainer.save_freq=2", "trainer.logger=[console,file]", "trainer.test_freq=2"),
    ]
    environment = os.environ | {
        "VERL_PLATFORM": "cpu",
        "OMP_NUM_THREADS": "1",
        "VERL_FILE_LOGGER_PATH": str(metrics),
        "RAY_ADDRESS": os.environ.get("RAY_ADDRESS", "local"),  # not another cluster that runs on this machine
    }
    began = time.monotonic()
    with (folder / "log.txt").open("w") as log:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)
    rows = [json.loads(line) for line in metrics.read_bytes().splitlines()] if metrics.exists() else []
    logged = [row.get("data", row) for row in rows]
    last = {key: logged[-1][key] for key in LOGGED if logged and key in logged[-1]}
    validated = sorted({key for row in logged for key in row if key.startswith("val-darling/")})
    return {
        "verl": verl_version(),
        "what": f"two steps, trainer.use_v1={str(use_v1).lower()}",
        "passed": done.returncode == 0 and len(last) == len(LOGGED) and bool(validated),
        "last": last,
        "validated": validated,
        "seconds": round(time.monotonic() - began),
    }


if __name__ == "__main__":
    sys.exit(main())
