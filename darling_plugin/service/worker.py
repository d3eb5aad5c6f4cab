"""What runs the forward passes: one protocol for a thread, a Ray actor and a server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from darling_plugin.errors import SimilarityError
from darling_plugin.similarity.classifier.memory import Item
from darling_plugin.similarity.classifier.rows import Rows, vector_of

TALLIED = ("truncated", "unreadable", "missing")  # what a model may count of itself, and `Counts` has a field for


class WorkerError(Exception):
    """This worker failed this batch; another one, or the same one later, may succeed."""


class RefusedError(SimilarityError):
    """The batch itself is wrong, so no worker would take it: the model, the key or the request must be fixed."""


class Worker(Protocol):
    """One place where a model is.

    tally: running totals of what its model counts of itself, by the name of a field of `Counts`.
    """

    name: str
    tally: Counter[str]

    async def load(self) -> None:
        """Return once it can take work: before its first batch, and after a failed one.

        Raises `WorkerError` when it cannot now, and `RefusedError` when it never can.
        """
        ...

    async def answer(self, items: Sequence[Item]) -> Any:
        """Rows, one per item. Raises `WorkerError` and `RefusedError`, nothing else."""
        ...

    async def reset(self) -> None:
        """Abort a batch that it did not finish in time."""
        ...

    async def close(self) -> None:
        """Stop it and everything that was started for it."""
        ...


class LocalWorker:
    """The model in this process, in a thread of its own.

    Args:
        load: makes what answers: items → rows.
    """

    def __init__(self, name: str, load: Callable[[], Callable[[Sequence[Any]], Any]]):
        self.name = name
        self.tally = Counter[str]()
        self._load = load
        self._forward: Callable[[Sequence[Any]], Any] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="darling-model")

    async def load(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._loaded)

    async def answer(self, items: Sequence[Item]) -> Rows:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, items)

    def _loaded(self) -> Callable[[Sequence[Any]], Any]:
        try:
            if self._forward is None:
                self._forward = self._load()
            return self._forward
        except Exception as error:  # whatever a model raises; no other worker would do better
            raise RefusedError(f"{self.name} cannot be loaded: {type(error).__name__}: {error}") from error

    def _answer(self, items: Sequence[Item]) -> Rows:
        forward = self._loaded()
        try:
            rows = checked_rows(forward(items), len(items))
        except Exception as error:  # whatever a model or a user's function raises; no other worker would do better
            raise RefusedError(f"{self.name} failed on {len(items)} items: {type(error).__name__}: {error}") from error
        self.tally = tally_of(forward)
        return rows

    async def reset(self) -> None:
        """A thread cannot be stopped: the next batch waits until this one ends."""

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def tally_of(model: object) -> Counter[str]:
    """A model's own counts."""
    return Counter({name: getattr(model, name) for name in TALLIED if hasattr(model, name)})


def checked_rows(answer: object, expected: int) -> Rows:
    """The answer as `expected` rows of finite numbers. Raises `WorkerError` where it is anything else.

    Rows are float32 of one length, or a list of what `rows.pack` makes, each of its own length.
    """
    if isinstance(answer, list) and answer and all(_is_packed(row) for row in answer):
        packed: list[np.ndarray] = answer
        if len(packed) != expected:
            raise WorkerError(f"for {expected} items it returned {len(packed)} rows")
        _check_finite(np.stack([vector_of(row) for row in packed]))
        return packed
    try:
        rows = np.asarray(answer, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise WorkerError(f"it returned {type(answer).__name__}, not rows of numbers: {error}") from error
    if rows.ndim != 2 or len(rows) != expected or rows.shape[1] == 0:
        raise WorkerError(f"for {expected} items it returned rows of shape {rows.shape}")
    _check_finite(rows)
    return rows


def _is_packed(row: object) -> bool:
    return isinstance(row, np.ndarray) and row.dtype == np.uint32


def _check_finite(rows: np.ndarray) -> None:
    if not np.isfinite(rows).all():
        raise WorkerError(f"{int((~np.isfinite(rows).all(axis=1)).sum())} of its {len(rows)} rows are not finite")
