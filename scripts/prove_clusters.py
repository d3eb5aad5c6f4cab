"""Proves on this machine what `docs/clusters.md` says of Slurm and of `ray job submit`: long, run by hand, needs root.

    apt-get install slurm-wlm munge iproute2
    python scripts/prove_clusters.py slurm    two nodes; a run that is canceled and requeued, and one that is not
    python scripts/prove_clusters.py job      ray job submit to a Ray without the plugin

Both train the math recipe at smoke size and print what they found. Files are written to SHARED, or
/var/tmp/darling_clusters; a part that is already there is not repeated.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SHARED", "/var/tmp/darling_clusters"))
STEPS = 8  # two epochs of the smoke size's 16 prompts
TRACKER = "latest_checkpointed_iteration.txt"
PORT, DASHBOARD = 7379, 8297  # of the Ray that `job` starts


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def wait_until(what: str, happened: Callable[[], bool], minutes: float = 30) -> None:
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > 60 * minutes:
            sys.exit(f"error: {what}: not within {minutes:.0f} minutes. See {SHARED}.")
        time.sleep(0.5)
    say(f"{what} (after {time.monotonic() - began:.0f} s)")


def saved(folder: Path) -> int:
    tracker = folder / TRACKER
    return int(tracker.read_text()) if tracker.exists() else 0


def prepare() -> Path:
    """A copy of what a user has on the cluster's shared disk: recipes, launchers, models and data."""
    project = SHARED / "project"
    for part in ("recipes", "scripts"):
        shutil.copytree(PROJECT / part, project / part, dirs_exist_ok=True)
    if not (project / "outputs/smoke/train.parquet").exists():
        subprocess.run([sys.executable, "recipes/smoke.py"], cwd=project, check=True, capture_output=True)
    return project


def slurm(*words: str, project: Path | None = None, **variables: str) -> str:
    """A command of Slurm's, or `start` and `stop`; what it prints."""
    environment = os.environ | {"SHARED": str(SHARED)} | variables
    command = ["bash", str(PROJECT / "scripts/local_slurm.sh"), *words]
    done = subprocess.run(command, env=environment, cwd=project, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"error: {' '.join(words)}: exit code {done.returncode}. {done.stdout}")
    return done.stdout.strip()


def submit(project: Path, folder: Path) -> str:
    """Submits the recipe for two nodes; each start writes the prompts of each step to a folder of its own."""
    prompts = f"{folder}/prompts/${{oc.env:SLURM_JOB_ID}}.${{oc.env:SLURM_RESTART_COUNT,0}}"
    job = slurm(
        *("run", "sbatch", "--parsable", "--nodes=2", "--gpus-per-node=1", "scripts/slurm.sbatch"),
        *(f"trainer.total_training_steps={STEPS}", f"trainer.rollout_data_dir={prompts}"),
        project=project,
        CHECKPOINTS=str(folder),
        PYTHON=sys.executable,
        SIZE="smoke",
        NNODES="2",
        SAVE_EVERY="2",
        RAY_CPUS="16",  # slots: verl asks for more actors than this machine has cores
        RAY_HEAD_ARGS="--include-dashboard=false",
        WAIT_S="900",
        OMP_NUM_THREADS="1",
    )
    say(f"job {job} submitted, checkpoints in {folder}")
    return job


def state(job: str) -> str:
    return slurm("run", "squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T")


def wait_for_end(job: str) -> None:
    ends = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")
    wait_until(f"job {job} has ended", lambda: state(job) in ends, minutes=60)
    say(f"job {job}: {state(job)}")


def prompts(folder: Path) -> dict[str, dict[int, list[str]]]:
    """{start: {step: the step's prompts, sorted}} of a run; within a step rows are ordered by their length."""
    found: dict[str, dict[int, list[str]]] = {}
    for path in sorted((folder / "prompts").glob("*/*.jsonl")):
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        found.setdefault(path.parent.name, {})[int(path.stem)] = sorted(row["input"] for row in rows)
    return found


def prove_slurm() -> None:
    project = prepare()
    whole, broken = SHARED / "whole", SHARED / "broken"
    print(slurm("start"))
    try:
        if saved(whole) < STEPS:
            wait_for_end(submit(project, whole))
        if saved(broken) < STEPS:
            first = submit(project, broken)
            wait_until("step 2 is saved", lambda: saved(broken) >= 2)
            slurm("run", "scancel", first)
            wait_for_end(first)
            second = submit(project, broken)
            wait_until("step 4 is saved", lambda: saved(broken) >= 4)
            slurm("run", "scontrol", "requeue", second)
            wait_until(f"job {second} is pending again", lambda: state(second) == "PENDING")
            # Slurm lets a requeued job wait two minutes.
            slurm("run", "scontrol", "update", f"jobid={second}", "starttime=now")
            wait_for_end(second)
    finally:
        slurm("stop")
    compare(prompts(whole), prompts(broken))


def compare(whole: dict[str, dict[int, list[str]]], broken: dict[str, dict[int, list[str]]]) -> None:
    ((start, expected),) = whole.items()
    print(f"uninterrupted: start {start}, steps {sorted(expected)}")
    for start, steps in broken.items():
        same = [step for step, found in steps.items() if found == expected[step]]
        print(f"interrupted:   start {start}, steps {sorted(steps)}; the same prompts at {sorted(same)}")
        if set(same) != set(steps):
            sys.exit("error: another order of the data.")
    # verl writes a step's prompts down after its checkpoint: of the step at which a start was ended they may be lost.
    seen = {step for steps in broken.values() for step in steps}
    lost = set(expected) - seen
    if not lost <= {max(steps) + 1 for steps in broken.values()}:
        sys.exit(f"error: the steps {sorted(lost)} are missing.")
    print(f"the same prompts at the {len(seen)} steps that were written down, {len(broken)} starts against 1")


def prove_job() -> None:
    """One Ray head from an environment that has verl and not the plugin; the job brings it."""
    prepare()
    folder, smoke = SHARED / "job", SHARED / "project/outputs/smoke"
    python = environment_without_plugin()
    (SHARED / "token").write_text(os.urandom(32).hex())
    (SHARED / "token").chmod(0o600)
    common = {name: value for name, value in os.environ.items() if name not in ("RAY_ADDRESS", "VERL_PLATFORM")}
    common |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(SHARED / "token"), "OMP_NUM_THREADS": "1"}
    node = {
        "SLURM_JOB_ID": "proof",
        "INTERFACE": os.environ.get("INTERFACE") or next(name for name in psutil.net_if_addrs() if name != "lo"),
        "RAY_PORT": str(PORT),
        "DASHBOARD_PORT": str(DASHBOARD),
        "RAY_CPUS": "16",
        "RAY_GPUS": "1",
        "RAY_worker_niceness": "0",
        "RAY_enable_worker_prestart": "0",
    }
    (SHARED / "elsewhere").mkdir(exist_ok=True)  # no relative path of the job begins in here
    with (SHARED / "ray.log").open("w") as log:
        ray = subprocess.Popen(
            [str(python), str(PROJECT / "scripts/clusters/ray_node.py"), "head", str(SHARED)],
            env=common | node,
            cwd=SHARED / "elsewhere",
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until("Ray is up", lambda: "runtime started" in (SHARED / "ray.log").read_text() or ray.poll() is not None)
        job = common | {
            "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{DASHBOARD}",
            "SIZE": "smoke",
            "CHECKPOINTS": str(folder),
            "SAVE_EVERY": "2",
            "MODEL": str(smoke / "policy"),
            "TRAIN_FILES": str(smoke / "train.parquet"),
            "VAL_FILES": str(smoke / "train.parquet"),
            "PYTHON": str(python),
        }
        script = [sys.executable, str(PROJECT / "scripts/clusters/submit.py"), "math"]
        began = time.monotonic()
        subprocess.run([*script, "trainer.total_training_steps=2"], env=job, check=True)
        say(f"the job has succeeded after {time.monotonic() - began:.0f} s; step {saved(folder)} is saved")
    finally:
        ray.send_signal(signal.SIGTERM)
        ray.wait()


def environment_without_plugin() -> Path:
    """A Python that sees all packages of this one but the plugin."""
    place = SHARED / "without_plugin"
    if not place.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        (target,) = place.glob("lib/python*/site-packages")
        (source,) = Path(sys.prefix).glob("lib/python*/site-packages")
        for package in source.iterdir():
            if "darling" not in package.name and package.name != "__pycache__":
                (target / package.name).symlink_to(package)
    python = place / "bin/python"
    done = subprocess.run([python, "-c", "import darling_plugin"], cwd="/", capture_output=True, text=True)
    print("Without the plugin:", done.stderr.strip().splitlines()[-1])
    return python


if __name__ == "__main__":
    parts = {"slurm": prove_slurm, "job": prove_job}
    if len(sys.argv) != 2 or sys.argv[1] not in parts:
        sys.exit(__doc__)
    SHARED.mkdir(parents=True, exist_ok=True)
    parts[sys.argv[1]]()
