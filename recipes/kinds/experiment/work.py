"""Doing the runs of the plan, one after another; several processes or machines may share a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

from rich.console import Console

from recipes.countdown.experiment.ledger import Ledger
from recipes.countdown.experiment.work import Folders, drain, note_step, run_bar
from recipes.countdown.threads import torch_threads
from recipes.kinds.experiment.loop import Loop, train
from recipes.kinds.experiment.plan import in_order, plan
from recipes.kinds.experiment.prepare import prepare
from recipes.kinds.experiment.results import Result, read_result
from recipes.kinds.experiment.rewards import Rewards
from recipes.kinds.experiment.settings import Run
from recipes.kinds.policy import load_policy


class Place(Folders):
    """Where the experiment lives."""

    @property
    def ledger(self) -> Ledger[Result]:
        return Ledger(self.folder / "ledger", read_result)


def todo(ledger: Ledger[Result], patterns: Sequence[str]) -> list[Run]:
    """What of the plan, as far as it is known now, is not finished. Patterns: `grid/method`; none is all."""
    arms = plan(ledger.results())
    chosen = [arm for arm in arms if not patterns or any(fnmatch(arm.path, pattern) for pattern in patterns)]
    return ledger.open_runs([run for run in in_order(chosen) if run.engine == "loop"])


def work(place: Place, patterns: Sequence[str], console: Console, deadline: float = float("inf")) -> int:
    """Do runs until none is left or `deadline` (of `time.monotonic`) has come; how many were finished here."""
    ledger = place.ledger

    def do(run: Run) -> float:
        return execute(run, place, console, deadline)

    return drain(ledger, lambda: todo(ledger, patterns), do, console, deadline)


def execute(run: Run, place: Place, console: Console, deadline: float = float("inf")) -> float:
    """Do one run, from wherever it was left, and write it into the ledger; the seconds it took."""
    folder = place.work(run)
    folder.mkdir(parents=True, exist_ok=True)
    start = prepare(run, place.shared)
    with run_bar(run.id, run.steps, partial(note_step, folder, run.steps), console) as progress:
        trained = train(run, start.policy, folder, learned=start.learned, progress=progress, deadline=deadline)
    place.ledger.write(
        run,
        policy=start.digest,
        seconds=trained.seconds,
        training=trained.training,
        evaluations=trained.evaluations,
    )
    shutil.rmtree(folder, ignore_errors=True)
    return trained.seconds


def record(run: Run, policy: Path, place: Place, seconds: float) -> None:
    """Measure a policy that was trained elsewhere, as `run` says, and write it into the ledger."""
    start = prepare(run, place.shared)
    with torch_threads(os.cpu_count() or 1):
        loop = Loop(run, load_policy(start.policy, 1, weights=policy), Rewards(replace(run, similarity="exact")))
        loop.step = run.steps
        evaluation = loop.evaluate()
    place.ledger.write(run, policy=start.digest, seconds=seconds, training=[], evaluations=[evaluation])
