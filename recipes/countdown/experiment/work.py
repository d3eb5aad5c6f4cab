"""Doing the runs of a plan: one after another in this process, or several at once in processes of their own.

Workers know nothing of each other: each takes the first run of the plan that is neither finished nor claimed. So a
second machine with the same folder is nothing but more workers, and a tuning that ends lets everybody see the runs
that waited for it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from darling_plugin.countdown.data import split
from darling_plugin.progress import bars
from recipes.countdown.experiment import locks as claims
from recipes.countdown.experiment import tuning
from recipes.countdown.experiment.field import every_tuning_run
from recipes.countdown.experiment.ledger import Ledger, P, Planned, Result, read_result
from recipes.countdown.experiment.loop import OutOfTime, train
from recipes.countdown.experiment.plan import Arm, in_order, select, whole_plan
from recipes.countdown.experiment.prepare import prepare
from recipes.countdown.experiment.settings import Run

LOOK_S, SAY_S = 5.0, 60.0
STEP_FILE = "step.json"


@dataclass(frozen=True)
class Folders:
    """Where an experiment lives: what its runs begin with, and the unfinished ones; its `Place` has the ledger, too."""

    folder: Path

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    def work(self, run: Planned) -> Path:
        return self.folder / "work" / run.id


class Place(Folders):
    """Where the experiment on Countdown lives."""

    @property
    def ledger(self) -> Ledger[Result]:
        return Ledger(self.folder / "ledger", read_result)


def todo(ledger: Ledger[Result], patterns: Sequence[str]) -> list[Run]:
    """What of the plan, as far as it is known now, is not finished."""
    return ledger.open_runs(in_order(select(planned(ledger), patterns)))


def planned(ledger: Ledger[Result]) -> list[Arm]:
    """The plan, as far as it is known now. Only the tuning's results are read: the others change nothing in it."""
    return whole_plan(ledger.results([*tuning.every_run(), *every_tuning_run()]))


def work(place: Place, patterns: Sequence[str], console: Console, deadline: float = float("inf")) -> int:
    """Do runs until none is left or `deadline` (of `time.monotonic`) has come; how many were finished here."""
    ledger = place.ledger

    def do(run: Run) -> float:
        return execute(run, place, console, deadline)

    return drain(ledger, lambda: todo(ledger, patterns), do, console, deadline)


def drain(
    ledger: Ledger[Any],
    todo: Callable[[], Sequence[P]],
    do: Callable[[P], float],
    console: Console,
    deadline: float = float("inf"),
) -> int:
    """Do what `todo` names, one run after another, as far as nobody else is at it; how many were finished here.

    While others are at the last ones, wait: one of them may die, or end a tuning that further runs wait for. `do`
    writes a run into the ledger and returns the seconds that it took, or raises `OutOfTime`.
    """
    finished = 0
    while time.monotonic() < deadline and (left := todo()):
        claim, run = _next(ledger, left)
        if claim is None or run is None:
            time.sleep(LOOK_S)
            continue
        with claims.held(claim):
            try:
                seconds = do(run)
            except OutOfTime:
                break
        finished += 1
        console.print(f"finished {run.id} in {seconds:.0f} s: {run.words}", highlight=False)
    return finished


def execute(run: Run, place: Place, console: Console, deadline: float = float("inf")) -> float:
    """Do one run, from wherever it was left, and write it into the ledger; the seconds it took.

    Its state is removed then. Of verl's runs the log and the samples stay, for `darling report`.
    """
    folder = place.work(run)
    folder.mkdir(parents=True, exist_ok=True)
    split()  # solves every pool: with a bar of its own, so before the run's
    start = prepare(run, place.shared)
    note = partial(note_step, folder, run.steps)
    if run.engine == "verl":
        from recipes.countdown.experiment.verl_run import train_with_verl

        trained = train_with_verl(run, start.policy, folder, console, learned=start.learned, progress=note)
    else:
        with run_bar(run.id, run.steps, note, console) as progress:
            trained = train(run, start.policy, folder, learned=start.learned, progress=progress, deadline=deadline)
    place.ledger.write(
        run,
        policy=start.digest,
        seconds=trained.seconds,
        training=trained.training,
        evaluations=trained.evaluations,
    )
    shutil.rmtree(folder / "verl" / "checkpoints" if run.engine == "verl" else folder, ignore_errors=True)
    return trained.seconds


def spawn(workers: int, place: Place, patterns: Sequence[str], console: Console, minutes: float | None) -> None:
    """Several workers, and a bar over all runs; Ctrl-C ends them, and what they did is gone on with next time."""
    command = [sys.executable, "-m", "recipes.countdown.experiment", "run", "--workers=1", "--quiet",
               f"--out={place.folder}", *(f"--only={pattern}" for pattern in patterns),
               *([f"--budget-minutes={minutes}"] if minutes is not None else [])]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    place.folder.mkdir(parents=True, exist_ok=True)
    logs = [place.folder / f"worker_{number}.log" for number in range(workers)]
    processes = []
    for log in logs:
        with log.open("ab") as file:
            processes.append(subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment))
    try:
        _watch(processes, place, patterns, console)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
    for process, log in zip(processes, logs, strict=True):
        if process.returncode:
            raise SystemExit(f"a worker ended with exit code {process.returncode}. The end of {log}:\n{_tail(log)}")


def progress_of(place: Place, run_id: str) -> str:
    """`150/400` of an unfinished run; nothing where it has not begun."""
    try:
        step = json.loads((place.folder / "work" / run_id / STEP_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return ""
    return f"{step['step']}/{step['steps']}"


def _next(ledger: Ledger[Any], runs: Sequence[P]) -> tuple[claims.Claim | None, P | None]:
    for run in runs:
        if (claim := ledger.claim(run)) is not None:
            return claim, run
    return None, None


@contextmanager
def run_bar(run_id: str, steps: int, note: Callable[[int], None], console: Console) -> Iterator[Callable[[int], None]]:
    """Shows the steps of a run on a terminal, and notes them for those who look from elsewhere."""
    with bars(console) as bar:
        task = bar.add_task(f"run {run_id}", total=steps, note="")

        def progress(step: int) -> None:
            bar.update(task, completed=step)
            if step % 10 == 0:
                note(step)

        yield progress


def note_step(folder: Path, steps: int, step: int) -> None:
    """For `progress_of`."""
    (folder / STEP_FILE).write_text(json.dumps({"step": step, "steps": steps}))


def _watch(
    processes: Sequence[subprocess.Popen[bytes]], place: Place, patterns: Sequence[str], console: Console
) -> None:
    """A bar over the plan's runs while the processes work."""
    ledger, every, done, said, said_at = place.ledger, 1, 0, -1, 0.0
    finished: set[str] | None = None
    with bars(console) as bar:
        task = bar.add_task("experiment", total=1, note="")
        while any(process.poll() is None for process in processes):
            if (now := ledger.finished()) != finished:  # to plan takes half a second
                runs = in_order(select(planned(ledger), patterns))
                finished, every, done = now, len(runs), len(runs) - len(ledger.open_runs(runs))
            at_work = ", ".join(f"{run_id} {progress_of(place, run_id)}" for run_id in ledger.claimed())
            bar.update(task, total=every, completed=done, note=at_work)
            late = time.monotonic() - said_at > SAY_S
            if (done != said or late) and not console.is_interactive:
                console.print(f"{done}/{every} runs; running: {at_work or 'starting'}", highlight=False)
                said, said_at = done, time.monotonic()
            time.sleep(LOOK_S)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
