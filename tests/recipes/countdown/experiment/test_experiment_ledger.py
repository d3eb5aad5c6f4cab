"""Claims and the ledger: who works on what, and what is done."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from made_up import result, write

from darling_plugin.errors import InputError
from recipes.countdown.experiment import locks as claims
from recipes.countdown.experiment.ledger import Ledger, read_result
from recipes.countdown.experiment.locks import held, is_stale, read, take
from recipes.countdown.experiment.settings import Run

HOLD = """
import sys, time
from pathlib import Path
from recipes.countdown.experiment.locks import take
print(take(Path(sys.argv[1])) is not None, flush=True)
time.sleep(600)
"""


@pytest.fixture
def other_process(tmp_path):
    """A process that holds the claim `tmp_path/run.claim`."""
    path = tmp_path / "run.claim"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    yield path, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_is_claimed_is_not_claimed_again_until_it_is_released(tmp_path):
    path = tmp_path / "run.claim"
    first = take(path)
    assert first is not None and take(path) is None
    first.release()
    second = take(path)
    assert second is not None and read(path) == second.holder != first.holder
    first.release()  # an old one releases nothing of anybody else
    assert read(path) == second.holder
    assert [file.name for file in tmp_path.iterdir()] == ["run.claim"]  # nothing left beside it


def test_the_claim_of_a_process_that_was_killed_is_taken_over(other_process):
    path, process = other_process
    assert take(path) is None and not is_stale(path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert is_stale(path)
    assert take(path) is not None


def test_a_process_id_that_came_again_is_another_process(tmp_path):
    path = tmp_path / "run.claim"
    mine = take(path)
    path.write_text(json.dumps(vars(mine.holder) | {"started": mine.holder.started - 1000, "token": "earlier"}))
    assert is_stale(path)


def test_a_claim_from_another_host_is_stale_when_nobody_touches_it(tmp_path):
    path = tmp_path / "run.claim"
    path.write_text(json.dumps({"host": "another", "pid": os.getpid(), "started": 0.0, "token": "theirs"}))
    assert not is_stale(path) and take(path) is None
    long_ago = time.time() - claims.STALE_S - 60
    os.utime(path, (long_ago, long_ago))
    assert is_stale(path) and take(path) is not None


def test_a_held_claim_is_kept_fresh_and_released(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "TOUCH_S", 0.01)
    path = tmp_path / "run.claim"
    with held(take(path)):
        os.utime(path, (1.0, 1.0))
        deadline = time.monotonic() + 30
        while path.stat().st_mtime == 1.0 and time.monotonic() < deadline:
            os.sched_yield()
        assert path.stat().st_mtime > 1.0
    assert not path.exists()


def test_a_claim_taken_over_in_between_goes_back(tmp_path, monkeypatch):
    """Two see a stale claim; the first has taken it over when the second moves it away."""
    path = tmp_path / "run.claim"
    path.write_text(json.dumps({"host": "another", "pid": 1, "started": 0.0, "token": "stale"}))
    quicker = json.dumps({"host": "another", "pid": 2, "started": 0.0, "token": "quicker"})

    def quicker_than_we(path):
        path.write_text(quicker)
        return True

    monkeypatch.setattr(claims, "is_stale", quicker_than_we)
    assert take(path) is None
    assert path.read_text() == quicker


def test_what_is_to_be_done_is_the_plan_less_what_is_there(tmp_path):
    ledger, plan = Ledger(tmp_path, read_result), [Run(seed=seed) for seed in (0, 1, 2)]
    assert ledger.open_runs([*plan, plan[0]]) == plan  # each once
    write(ledger, result(plan[1], [(0, 8, 2), (400, 16, 2)]))
    assert ledger.open_runs(plan) == [plan[0], plan[2]]
    assert ledger.claim(plan[1]) is None  # finished
    claim = ledger.claim(plan[0])
    assert claim is not None and ledger.claim(plan[0]) is None
    assert set(ledger.claimed()) == {plan[0].id}


def test_a_result_is_read_as_it_was_written(tmp_path):
    ledger, made = Ledger(tmp_path, read_result), result(Run(seed=4), [(0, 8, 2), (400, 16, 4)])
    write(ledger, made)
    found = Ledger(tmp_path, read_result).results()[made.run.id]
    assert found == made
    assert found.mean("pass@1") == 16 / 64 and found.mean("pass@1", 0) == 8 / 64
    with pytest.raises(InputError, match="not measured at step 100, but at 0, 400"):
        found.at(100)


def test_a_file_that_was_changed_is_refused(tmp_path):
    ledger, made = Ledger(tmp_path, read_result), result(Run(), [(0, 8, 2)])
    write(ledger, made)
    path = tmp_path / f"{made.run.id}.json.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))
    content["run"]["learning_rate"] = 3e-4
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    with pytest.raises(InputError, match="another version"):
        Ledger(tmp_path, read_result).results()
