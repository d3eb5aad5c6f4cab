"""A job as a child process: its metrics line by line, its end, and what is left behind (nothing)."""

import io
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from rich.console import Console

from recipes.countdown.verl_job import JobFailed, VerlJob

# verl's file logger: values nested, and a line of validation alone.
WRITES_TWO_STEPS = """
import json, os
with open(os.environ["VERL_FILE_LOGGER_PATH"], "w") as file:
    for row in [
        {"step": 0, "data": {"val-core/countdown/acc/mean@8": 0.2}},
        {"step": 1, "data": {"training/global_step": 1, "darling/quality/mean": 0.25}},
        {"step": 2, "data": {"training/global_step": 2, "darling/quality/mean": 0.5}},
    ]:
        print(json.dumps(row), file=file)
"""

# As Ray and vLLM do: a child in a session of its own, which no signal to the job's group reaches.
LEAVES_A_DAEMON = """
import subprocess, sys
daemon = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
with open(sys.argv[1], "w") as fifo:
    fifo.write(str(daemon.pid))
daemon.wait()
"""

RUNS_A_JOB = """
import sys
from pathlib import Path
from rich.console import Console
from recipes.countdown.verl_job import VerlJob
VerlJob(Path(sys.argv[1]), 2, sys.argv[2:]).run(Console())
"""


def job(folder, code, steps=2):
    return VerlJob(folder, steps, [sys.executable, "-c", code])


def test_writes_one_flat_line_per_training_step(tmp_path):
    screen = io.StringIO()
    ours = job(tmp_path / "run", WRITES_TWO_STEPS)
    ours.run(Console(file=screen))
    rows = [json.loads(line) for line in ours.metrics.read_bytes().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]
    assert [row["darling/quality/mean"] for row in rows] == [0.25, 0.5]


def test_a_job_that_goes_on_keeps_what_was_logged_before(tmp_path):
    job(tmp_path / "run", WRITES_TWO_STEPS).run(Console(file=io.StringIO()))
    # Step 1 was checkpointed, so step 2 comes again, with another value.
    later = WRITES_TWO_STEPS.replace('"step": 2', '"step": 3').replace('"step": 1', '"step": 2').replace("0.25", "0.75")
    ours = job(tmp_path / "run", later, steps=3)
    ours.run(Console(file=io.StringIO()))
    rows = [json.loads(line) for line in ours.metrics.read_bytes().splitlines()]
    assert [(row["step"], row["darling/quality/mean"]) for row in rows] == [(1, 0.25), (2, 0.75), (3, 0.5)]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; print('ValueError: the cause'); sys.exit(3)", "Exit code 3 after 0 of 2 steps"),
        ("print('ended early')", "Exit code 0 after 0 of 2 steps"),
        ("raise ValueError('the cause')", "ValueError: the cause"),
    ],
    ids=["a failure", "too few steps", "the last error of the log"],
)
def test_a_job_that_does_not_finish_says_why_and_where(tmp_path, code, said):
    with pytest.raises(JobFailed, match=said) as failure:
        job(tmp_path / "run", code).run(Console(file=io.StringIO()))
    assert str(tmp_path / "run/verl.log") in str(failure.value)


def test_an_interrupt_leaves_nothing_running(tmp_path):
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    command = [sys.executable, "-c", LEAVES_A_DAEMON, str(fifo)]
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS_A_JOB, str(tmp_path / "run"), *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    daemon = psutil.Process(int(fifo.read_text()))  # blocks until the job has started it
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) != 0
    assert not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE
