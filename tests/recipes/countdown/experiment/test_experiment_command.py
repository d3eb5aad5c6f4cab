"""The command line, on a plan of two tiny runs."""

import os
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console
from typer.testing import CliRunner

from recipes.countdown.experiment import prepare as preparing
from recipes.countdown.experiment import work as working
from recipes.countdown.experiment.__main__ import app
from recipes.countdown.experiment.plan import Arm
from recipes.countdown.experiment.work import Place, todo, work

QUIET = Console(quiet=True)

WORKER = """
import sys
from pathlib import Path
from rich.console import Console
from recipes.countdown.experiment import loop, prepare, work
from recipes.countdown.experiment.plan import Arm
from recipes.countdown.experiment.settings import Run, from_json
import json

settings, policy, folder = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
work.whole_plan = lambda results: [Arm("main", "tiny", (from_json(settings),))]
work.prepare = lambda run, shared: prepare.Start(policy, "digest", None)
loop.SAVE_EVERY = 2
work.work(work.Place(folder), [], Console())
"""


@pytest.fixture
def place(tiny, untrained, tmp_path, monkeypatch):
    """A place whose whole plan is two tiny runs that begin with an untrained policy."""
    runs = (tiny(seed=0), tiny(seed=1))
    monkeypatch.setattr(working, "whole_plan", lambda results: [Arm("main", "tiny", runs)])
    monkeypatch.setattr(working, "prepare", lambda run, shared: preparing.Start(untrained, "digest", None))
    return Place(tmp_path)


def test_what_is_done_stays_done(place):
    assert len(todo(place.ledger, [])) == 2
    assert work(place, [], QUIET) == 2
    assert work(place, [], QUIET) == 0
    results = place.ledger.results()
    assert {result.run.seed for result in results.values()} == {0, 1}
    assert all(result.policy == "digest" and result.seconds > 0 for result in results.values())
    assert not list((place.folder / "work").iterdir()) and not place.ledger.claimed()


def test_the_budget_ends_a_run_in_the_middle_and_the_next_call_goes_on(place):
    assert work(place, [], QUIET, deadline=time.monotonic() + 0.001) == 0
    assert not place.ledger.finished() and not place.ledger.claimed()
    assert len(list((place.folder / "work").iterdir())) == 1
    assert work(place, [], QUIET) == 2


def test_a_worker_that_is_killed_is_replaced_with_the_same_result(place, tiny, untrained, tmp_path):
    """SIGKILL in the middle of a run; the claim is stale, its state is gone on with, and nothing shows."""
    import json

    run, folder = tiny(seed=0, steps=400, evaluate_every=400), tmp_path / "killed"
    command = [sys.executable, "-c", WORKER, json.dumps(run.as_json()), str(untrained), str(folder)]
    state = Place(folder).work(run) / "state.safetensors"
    process = subprocess.Popen(command)
    while process.poll() is None and not state.exists():
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert (folder / "ledger" / f"{run.id}.claim").exists()
    subprocess.run(command, check=True)
    subprocess.run([*command[:-1], str(tmp_path / "whole")], check=True)
    killed, whole = (Place(tmp_path / name).ledger.results()[run.id] for name in ("killed", "whole"))
    assert killed.training == whole.training and killed.evaluations == whole.evaluations


def test_status_of_nothing(tmp_path):
    done = CliRunner().invoke(app, ["status", f"--out={tmp_path}"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "learning rate of grpo: not chosen yet" in done.output
    assert "requested runs that are left: 36" in done.output
