"""One training in TRL as a child process: progress on the screen, its log in a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from darling_plugin.progress import bars
from recipes.countdown.verl_job import JobFailed, note, say


class TrlJob:
    """Runs `command` for `steps` steps; afterwards `metrics` has one line per step, under verl's names."""

    def __init__(self, folder: Path, steps: int, command: list[str]) -> None:
        self.log, self.metrics = folder / "trl.log", folder / "metrics.jsonl"
        self.start_up_s = 0.0
        self._folder, self._steps, self._command = folder, steps, command

    def run(self, console: Console) -> float:
        """Train; returns the seconds from the first step's end to the end. Raises `JobFailed`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        began = time.monotonic()
        with self.log.open("wb") as log:
            # A session of its own, so that Ctrl-C reaches this process alone, which then ends the job.
            process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
            try:
                self._watch(process, console, began)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        rows = self._rows()
        if process.returncode != 0 or len(rows) < self._steps:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            end = "\n".join(line[:300] for line in lines[-15:])
            raise JobFailed(f"Exit code {process.returncode} after {len(rows)} of {self._steps} steps. "
                            f"From {self.log}:\n{end}")  # fmt: skip
        return time.monotonic() - began - self.start_up_s

    def _watch(self, process: subprocess.Popen[bytes], console: Console, began: float) -> None:
        with bars(console) as bar:
            training = bar.add_task("training", total=self._steps, note="starting TRL")
            seen = 0
            while process.poll() is None:
                done = self._rows()
                if done and not self.start_up_s:
                    self.start_up_s = time.monotonic() - began
                    console.print(f"    TRL is up after {self.start_up_s:.0f} s")
                if len(done) > seen:
                    seen = len(done)
                    bar.update(training, completed=seen, note=note(done[-1]))
                    say(console, f"{time.monotonic() - began:4.0f} s  step {seen}/{self._steps} {note(done[-1])}")
                time.sleep(0.2)

    def _rows(self) -> list[dict[str, Any]]:
        if not self.metrics.exists():
            return []
        lines = self.metrics.read_text().split("\n")[:-1]  # the last one may still be written
        return [json.loads(line) for line in lines]
