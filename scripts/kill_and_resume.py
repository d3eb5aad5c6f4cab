"""Kills a verl job at a random step, restarts it, and compares it with an undisturbed job.

    python scripts/kill_and_resume.py --seed 0        about 25 minutes on 2 cores

The math recipe at smoke size, a checkpoint every step. Killed once each (SIGKILL): the trainer, the worker that holds
the policy, and the whole node (every process of the job). Then the same command is run again. The prompts of each step
must be those of the undisturbed run, and the new service must know what the similarity had read.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from recipes.countdown.verl_job import MARK, JobFailed, VerlJob

ROOT = Path(__file__).parents[1]
STEPS = 6
VICTIMS = {"trainer": "TaskRunner", "worker": "WorkerDict", "node": ""}
"""Who is killed, and what the name of the process has in it; all of them for the node."""


@dataclass(frozen=True)
class Outcome:
    """One killing. `known`: what the similarity's memory held once the job was back. `same_order`: of all steps."""

    victim: str
    killed_after_step: int
    resumed_from_step: int
    known: int
    same_order: bool


def job(folder: Path, models: Path) -> VerlJob:
    command = [
        *("env", "SIZE=smoke", f"PYTHON={sys.executable}", f"MODEL={models / 'policy'}"),
        *(f"TRAIN_FILES={models / 'train.parquet'}", f"VAL_FILES={models / 'train.parquet'}"),
        *("bash", str(ROOT / "recipes" / "math" / "run.sh")),
        f"trainer.total_training_steps={STEPS}",
        "trainer.save_freq=1",
        f"trainer.default_local_dir={folder / 'checkpoints'}",
        f"trainer.rollout_data_dir={folder / 'rollouts'}",
    ]
    return VerlJob(folder, STEPS, command)


def prompts(folder: Path) -> dict[int, list[str]]:
    """Step → its prompts, sorted: within a step verl dumps them in the order in which they came back."""
    files = (folder / "rollouts").glob("*.jsonl")
    return {int(file.stem): sorted(json.loads(line)["input"] for line in file.open()) for file in files}


def kill(running: VerlJob, victim: str, name: str) -> None:
    """SIGKILL to the processes of this job whose name has `name` in it."""
    for process in psutil.process_iter():
        try:
            ours = process.environ().get(MARK) == running.id
            if ours and name in " ".join([process.name(), *process.cmdline()]):
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue


def disturbed(folder: Path, models: Path, victim: str, after: int, console: Console) -> None:
    """Run until step `after` is logged, kill, and wait for the end of the job."""
    running = job(folder, models)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if running.metrics.exists() and len(running.metrics.read_text().splitlines()) >= after:
                kill(running, victim, VICTIMS[victim])
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        running.run(console)
        raise SystemExit(f"the job ended normally, although its {victim} should have been killed after step {after}")
    except JobFailed as error:
        console.print(str(error).splitlines()[0], style="yellow", markup=False)
    finally:
        over.set()
        watcher.join()


def resumed(folder: Path, models: Path, console: Console) -> tuple[int, int]:
    """Give the command again; the step that it resumed from, and how many answers its similarity knew."""
    before = max(int(path.name.split("_")[-1]) for path in (folder / "checkpoints").glob("global_step_*"))
    tracker = folder / "checkpoints" / "latest_checkpointed_iteration.txt"
    step = int(tracker.read_text())
    assert step <= before
    again = job(folder, models)
    again.run(console)
    said = re.findall(
        r"darling: (\d+) earlier answers of the similarity were loaded", again.log.read_text(errors="replace")
    )
    return step, int(said[-1]) if said else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("outputs/kill_and_resume"))
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=list(VICTIMS))
    parser.add_argument("--seed", type=int, default=0, help="Random seed of the steps to kill after.")
    chosen = parser.parse_args()
    out, console, dice = chosen.out.resolve(), Console(), random.Random(chosen.seed)
    subprocess.run([sys.executable, ROOT / "recipes" / "smoke.py", out / "models"], check=True)
    if not (out / "undisturbed").exists():
        console.rule("undisturbed")
        job(out / "undisturbed", out / "models").run(console)
    expected = prompts(out / "undisturbed")
    outcomes = []
    for victim in chosen.victims:
        after = dice.randint(1, STEPS - 2)
        console.rule(f"{victim} killed after step {after}")
        disturbed(out / victim, out / "models", victim, after, console)
        step, known = resumed(out / victim, out / "models", console)
        outcomes.append(Outcome(victim, after, step, known, prompts(out / victim) == expected))
    (out / "outcomes.json").write_text(json.dumps([asdict(one) for one in outcomes], indent=1) + "\n")
    shown = Table("killed", "after step", "resumed from step", "answers known", "same prompts in every step")
    for one in outcomes:
        values = (one.victim, one.killed_after_step, one.resumed_from_step, one.known, one.same_order)
        shown.add_row(*map(str, values))
    console.print(shown)
    return 0 if all(one.same_order and one.known for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
