"""What has been run: one file for each finished run, written at once. What is to be done is the plan less that.

    <folder>/<id>.json.gz  a finished run: its settings, its measurements, where and when
    <folder>/<id>.claim    somebody is at it (`claims.py`)

Copying the files of several ledgers into one folder joins them.
"""

from __future__ import annotations

import gzip
import json
import platform
import socket
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.files import replacing
from darling_plugin.packages import versions_of
from recipes.countdown.experiment import locks as claims
from recipes.countdown.experiment.measure import METRICS, Measured
from recipes.countdown.experiment.settings import MEASURED_ON, Run, from_json

SUFFIX = ".json.gz"
PACKAGES = ("darling-plugin", "torch", "transformers", "verl", "vllm")


class Planned(Hashable, Protocol):
    """A run as the ledger knows it: two equal ones are one run, and `id` stands for all of its settings."""

    @property
    def id(self) -> str: ...

    @property
    def words(self) -> str: ...

    def as_json(self) -> dict[str, Any]: ...


P = TypeVar("P", bound=Planned)
R = TypeVar("R")


class Measurement(Protocol):
    """Of the policy after `step` steps."""

    @property
    def step(self) -> int: ...


E = TypeVar("E", bound=Measurement)


@dataclass(frozen=True)
class Evaluation:
    """The policy after `step` steps."""

    step: int
    held_out: Measured
    rl: Measured


OF_RUNS: dict[str, Callable[[Evaluation], float]] = {
    "entropy": lambda found: found.held_out.entropy,
    "gap": lambda found: float(found.rl.pass_at(1).mean() - found.held_out.pass_at(1).mean()),
}
"""What a run has one of: there, only cells are resampled."""


@dataclass(frozen=True)
class Finished(Generic[P, E]):
    """A finished run. `policy`: sha256 of the weights that it began with; `seconds`: of work, pauses left out."""

    run: P
    policy: str
    seconds: float
    training: list[dict[str, Any]]
    evaluations: list[E]

    def at(self, step: int) -> E:
        for evaluation in self.evaluations:
            if evaluation.step == step:
                return evaluation
        have = ", ".join(str(evaluation.step) for evaluation in self.evaluations)
        raise InputError(f"run {self.run.id} ({self.run.words}) was not measured at step {step}, but at {have}")

    @property
    def last(self) -> E:
        return self.evaluations[-1]


@dataclass(frozen=True)
class Result(Finished[Run, Evaluation]):
    """A finished run on Countdown."""

    _means: dict[tuple[str, int], float] = field(default_factory=dict, compare=False, repr=False)

    @property
    def measured_on(self) -> tuple[Any, ...]:
        """What two runs must have in common to be compared prompt by prompt."""
        return tuple(getattr(self.run, name) for name in MEASURED_ON)

    def values(self, metric: str, step: int | None = None) -> np.ndarray:
        """One number for each held-out prompt, or the run's one number as an array of length 1."""
        evaluation = self.last if step is None else self.at(step)
        if metric in OF_RUNS:
            return np.array([OF_RUNS[metric](evaluation)])
        return METRICS[metric](evaluation.held_out)

    def mean(self, metric: str, step: int | None = None) -> float:
        """Over the held-out prompts, at the last step or at another. Kept: the plan asks for it again and again."""
        evaluation = self.last if step is None else self.at(step)
        key = metric, evaluation.step
        if key not in self._means:
            self._means[key] = float(METRICS[metric](evaluation.held_out).mean())
        return self._means[key]


class Ledger(Generic[R]):
    """The folder, and what is in it.

    read: one file to one result; that of another recipe's experiment reads its own runs.
    """

    def __init__(self, folder: Path, read: Callable[[Path], R]) -> None:
        self.folder = folder
        self._read_file = read
        self._read: dict[str, R] = {}

    def finished(self) -> set[str]:
        """The ids of the finished runs."""
        return {path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}")}

    def results(self, of: Iterable[Planned] | None = None) -> dict[str, R]:
        """The finished runs by id: all, or those `of` some. A file is read once: it never changes."""
        wanted = self.finished()
        if of is not None:
            wanted &= {run.id for run in of}
        for run_id in wanted - self._read.keys():
            self._read[run_id] = self._read_file(self.folder / f"{run_id}{SUFFIX}")
        return {run_id: self._read[run_id] for run_id in wanted}

    def open_runs(self, plan: Iterable[P]) -> list[P]:
        """Those of the plan that are not finished, in its order, each once; others may be at work on some."""
        finished = self.finished()
        return [run for run in dict.fromkeys(plan) if run.id not in finished]

    def claim(self, run: Planned) -> claims.Claim | None:
        """The right to work on this run; None when it is finished, or somebody else is at it."""
        if run.id in self.finished():
            return None
        claim = claims.take(self.folder / f"{run.id}.claim")
        if claim is not None and run.id in self.finished():  # by whoever had the claim until now
            claim.release()
            return None
        return claim

    def claimed(self) -> dict[str, claims.Holder]:
        """Who is at work on what, by id; stale claims left out."""
        found = {path.stem: path for path in self.folder.glob("*.claim") if not claims.is_stale(path)}
        holders = {run_id: claims.read(path) for run_id, path in found.items()}
        return {run_id: holder for run_id, holder in holders.items() if holder is not None}

    def write(
        self,
        run: Planned,
        *,
        policy: str,
        seconds: float,
        training: list[dict[str, Any]],
        evaluations: list[dict[str, Any]],
    ) -> None:
        """Put a finished run into the ledger; evaluations as `loop.Trained` has them."""
        content = {
            "id": run.id,
            "run": run.as_json(),
            "policy": policy,
            "seconds": round(seconds, 1),
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "machine": platform.machine(),
            "versions": versions_of(PACKAGES),
            "training": training,
            "evaluations": evaluations,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.folder / f"{run.id}{SUFFIX}", shared=True) as part:
            part.write_bytes(gzip.compress(json.dumps(content).encode(), mtime=0))


def read_result(path: Path) -> Result:
    run, content = read_run(path, from_json)
    evaluations = [
        Evaluation(e["step"], Measured(**e["held_out"]), Measured(**e["rl"])) for e in content["evaluations"]
    ]
    return Result(run, content["policy"], content["seconds"], content["training"], evaluations)


def read_run(path: Path, from_json: Callable[[dict[str, Any]], P]) -> tuple[P, dict[str, Any]]:
    """A file of the ledger: its run, and all that it holds. Raises `InputError` where the name is not the run's."""
    content = json.loads(gzip.decompress(path.read_bytes()))
    run = from_json(content["run"])
    if path.name != f"{run.id}{SUFFIX}":
        raise InputError(
            f"{path} holds a run whose settings make it {run.id}: another version of this package wrote it, or it was "
            "changed since; move it away, and the run is repeated"
        )
    return run, content
