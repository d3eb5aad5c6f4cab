"""One run of verl's `main_ppo` as a child process: progress on the screen, its log in a file, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from darling_plugin.progress import bars

MARK = "DARLING_JOB_ID"
"""Set in the job's environment: Ray and vLLM start sessions of their own, and this is how to know them again."""

STAGES = {
    "ray init kwargs": "starting Ray",
    "Platform override": "importing verl, torch and vLLM, once in each of a dozen processes",
    "Total training steps": "loading the policy (FSDP2)",
    "actor and ref model engine initialized": "starting vLLM",
    "Initializing a V1 LLM engine": "loading the policy into vLLM",
    "ready to fit": "starting the agent loop",
    "Training Progress": "first rollouts",
}
"""What a line in verl's log says about how far the start-up is, in order."""


class JobFailed(Exception):
    """verl ended before its last step; the message holds the end of its log, and where the rest is."""


class VerlJob:
    """Runs `command` for `steps` steps; afterwards `metrics` has one line per step: {"step": 1, "darling/…": …}.

    In a folder where an earlier job stopped, its metrics are kept up to the step that this one begins with.
    """

    def __init__(self, folder: Path, steps: int, command: list[str]) -> None:
        self.log = folder / "verl.log"
        self.metrics = folder / "metrics.jsonl"
        self.start_up_s = 0.0
        self._raw_metrics = folder / "verl_metrics.jsonl"
        self._folder, self._steps, self._command = folder, steps, command
        self.id = uuid.uuid4().hex
        self._converted, self._rows = 0, list[dict[str, Any]]()  # bytes of the raw metrics, and what they hold
        # Of a job that was stopped and resumes from its checkpoint: verl starts a new file.
        earlier = self.metrics.read_text().splitlines() if self.metrics.exists() else []
        self._earlier: list[dict[str, Any]] = [json.loads(line) for line in earlier]

    def run(self, console: Console, progress: Callable[[int], None] = lambda step: None) -> float:
        """Train; returns the seconds from the first step's start to the end. Raises `JobFailed`.

        progress: told each time how many steps are done.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._raw_metrics.unlink(missing_ok=True)
        environment = os.environ | {
            MARK: self.id,
            "VERL_PLATFORM": "cpu",
            "VERL_FILE_LOGGER_PATH": str(self._raw_metrics),
            "PYTHONUNBUFFERED": "1",
            # Not somebody else's cluster that runs on this machine.
            "RAY_ADDRESS": os.environ.get("RAY_ADDRESS", "local"),
            # A dozen processes share the cores: with more than one thread each they wait for one another.
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        }
        began = time.monotonic()
        with self.log.open("wb") as log:
            # A session of its own, so that Ctrl-C reaches this process alone, which then ends the job in order.
            process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
            try:
                self._watch(process, console, began, progress)
            finally:
                self._end(process)
        if process.returncode != 0 or len(self._rows) < self._steps:
            raise JobFailed(self._last_words(process.returncode))
        return time.monotonic() - began - self.start_up_s

    def _watch(
        self, process: subprocess.Popen[bytes], console: Console, began: float, progress: Callable[[int], None]
    ) -> None:
        stages = list(STAGES)
        with bars(console) as bar:
            start = bar.add_task("verl starts (3 to 5 minutes)", total=len(stages), note="starting Python")
            training = bar.add_task("training", total=self._steps, note="", visible=False)
            lines = self._new_lines()
            seen = 0
            while process.poll() is None:
                for line in next(lines):
                    for number, (text, stage) in enumerate(STAGES.items(), 1):
                        if text in line and number > bar.tasks[0].completed:
                            bar.update(start, completed=number, note=stage)
                            say(console, f"{time.monotonic() - began:4.0f} s  {stage}")
                done = self._convert_metrics()
                if done and not self.start_up_s:
                    self.start_up_s = time.monotonic() - began
                    console.print(f"    verl is up after {self.start_up_s / 60:.1f} minutes")
                    bar.update(start, visible=False)
                    bar.reset(training, visible=True)
                if len(done) > seen:
                    seen = len(done)
                    progress(seen)
                    bar.update(training, completed=seen, note=note(done[-1]))
                    say(console, f"{time.monotonic() - began:4.0f} s  step {seen}/{self._steps} {note(done[-1])}")
                time.sleep(0.5)
            self._convert_metrics()

    def _new_lines(self) -> Iterator[list[str]]:
        with self.log.open(encoding="utf-8", errors="replace") as file:
            while True:
                yield file.readlines()

    def _convert_metrics(self) -> list[dict[str, Any]]:
        """verl's file logger nests the values and logs validation too: keep the training steps, one flat line each."""
        size = self._raw_metrics.stat().st_size if self._raw_metrics.exists() else 0
        if size == self._converted:
            return self._rows
        rows = []
        for line in self._raw_metrics.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                break  # the last line, still being written
            if "training/global_step" in row["data"]:
                rows.append({"step": row["step"], **row["data"]})
        if rows:
            rows = [row for row in self._earlier if row["step"] < rows[0]["step"]] + rows
        self.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self._converted, self._rows = size, rows
        return rows

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the job if it still runs, and every process that carries its mark."""
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        left = [child for child in psutil.process_iter() if self._is_ours(child)]
        for child in left:
            child.terminate()
        _, stubborn = psutil.wait_procs(left, timeout=5)
        for child in stubborn:
            child.kill()
        psutil.wait_procs(stubborn, timeout=5)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self.id
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return False

    def _last_words(self, code: int) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if "Error" in line and "engine is not available" not in line]
        shown = "\n".join(line[:300] for line in (errors[-3:] or lines[-15:]))
        return f"Exit code {code} after {len(self._rows)} of {self._steps} steps. From {self.log}:\n{shown}"


def say(console: Console, text: str) -> None:
    """Where there is no terminal to draw a bar on (a log file, CI), progress is a line each time."""
    if not console.is_terminal:
        console.print(f"    {text}", highlight=False)


def note(row: dict[str, Any]) -> str:
    names = {
        "darling/quality/mean": "quality",
        "darling/diversity/mean": "diversity",
        "darling/classes/mean": "classes",
    }
    return " ".join(f"{name} {row[key]:.2f}" for key, name in names.items() if key in row)
