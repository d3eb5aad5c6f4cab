"""Samples from a model with vLLM, in a process of its own (`engine_process.py`).

Of its own, so that its memory is free for a reward model or a classifier afterwards, and so that nothing is left on a
GPU whatever happens here: the process reads its orders from a pipe, and when that closes (this process ended, by a kill
too) it ends itself and all that it started.

Each sample is a request with its own seed (`prompts.sample_seed`), so what is sampled depends neither on shards nor on
what is in a batch with it, as far as the engine's arithmetic does not: kernels may add in another order for another
batch. On GPUs VLLM_BATCH_INVARIANT=1 asks vLLM for kernels that do not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from darling_plugin.core import checks
from darling_plugin.errors import ConfigError, DarlingError, MissingDependencyError
from darling_plugin.tools.evaluation.identity import model_identity
from darling_plugin.tools.evaluation.model_check import check_model
from darling_plugin.tools.evaluation.prompts import sample_seed
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.stage import Item, Report

if TYPE_CHECKING:
    from rich.console import Console

PROCESS = "darling_plugin.tools.evaluation.sampling.engine_process"
EXECUTORS = ("mp", "ray")
SHOWN = 2000  # characters of the engine's log in an error
END_WITHIN_S = 60.0


class EngineError(DarlingError):
    """The engine ended before its work was done. The message holds the end of its log."""


@dataclass(frozen=True)
class Engine:
    """Where and how vLLM runs the model.

    Args:
        model: a Hugging Face folder, or a name on the hub.
        tensor_parallel: GPUs for one copy of the model.
        data_parallel: copies of the model.
        executor: "mp" for the GPUs of this node, "ray" for those of the Ray cluster that RAY_ADDRESS names; None lets
            vLLM choose.
        arguments: further arguments of vLLM's engine, such as {"max_model_len": 8192}.
    """

    model: str
    tensor_parallel: int = 1
    data_parallel: int = 1
    executor: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.at_least_one("--tensor-parallel", self.tensor_parallel)
        checks.at_least_one("--data-parallel", self.data_parallel)
        if self.executor is not None:
            checks.choice("--executor", self.executor, EXECUTORS)
        if self.arguments.get("trust_remote_code"):
            raise ConfigError("`--engine-args`: trust_remote_code is not supported; code of a model is never run here")
        if find_spec("vllm") is None:
            raise MissingDependencyError(
                "the module vllm is needed to sample from --model, but is not installed: pip install vllm; or serve "
                "the model elsewhere and give its --url"
            )

    def as_arguments(self) -> dict[str, Any]:
        """Of vLLM's AsyncEngineArgs."""
        given: dict[str, Any] = {
            "model": self.model,
            "tensor_parallel_size": self.tensor_parallel,
            "data_parallel_size": self.data_parallel,
            "disable_log_stats": True,
        }
        if self.executor is not None:
            given["distributed_executor_backend"] = self.executor
            if self.data_parallel > 1:
                given["data_parallel_backend"] = self.executor
        return given | self.arguments


class VllmSampler:
    """Samples of one model. `log`: the file for what vLLM says."""

    def __init__(
        self, engine: Engine, sampling: Sampling, seed: int, task: str, log: Path, console: Console | None = None
    ):
        self.engine = engine
        self.sampling = sampling
        self.seed = seed
        self.task = task
        self.log = log
        self.console = console

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "kind": "vllm",
            "model": model_identity(self.engine.model, "--model"),
            "vllm": version("vllm"),
            "engine": self.engine.arguments,
        } | self.sampling.as_json()

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        check_model(self.engine.model)
        if self.console is not None:
            self.console.print(f"Starting vLLM; its log is {self.log}", markup=False, highlight=False)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", PROCESS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # it ends its whole group, and Ctrl-C is ours to deal with
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            finished = self._exchange(process.stdin, process.stdout, items, report)
        finally:
            process.stdin.close()
            try:
                process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        if not finished:
            raise EngineError(f"vLLM ended before its work was done; the end of {self.log}:\n{self._tail()}")

    def _exchange(self, orders: IO[bytes], answers: IO[bytes], items: Sequence[Item], report: Report) -> bool:
        """Whether the process said that all is done."""
        by_key = {item.key: item for item in items}
        try:
            for order in self._orders(items):
                orders.write(json.dumps(order).encode() + b"\n")
            orders.write(b"\n")  # that was all; the pipe stays open, or it would end itself
            orders.flush()
        except BrokenPipeError:
            return False
        for line in answers:
            answer = json.loads(line)
            if "refused" in answer:
                raise ConfigError(answer["refused"])
            if "ended" in answer:
                return True
            item = by_key[answer.pop("id"), answer.pop("sample")]
            if "failed" in answer:
                report.refused(item, answer["failed"])
            else:
                report.done(item, answer)
        return False

    def _orders(self, items: Sequence[Item]) -> Iterable[dict[str, Any]]:
        yield {"engine": self.engine.as_arguments(), "sampling": self.sampling.as_json()}
        of_prompt: dict[str, list[Item]] = {}
        for item in items:
            of_prompt.setdefault(item.prompt.id, []).append(item)
        for name, own in of_prompt.items():
            seeds = {item.sample: sample_seed(self.seed, self.task, name, item.sample) for item in own}
            yield {"id": name, "text": own[0].prompt.text, "seeds": list(seeds.items())}

    def _tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-SHOWN:]
