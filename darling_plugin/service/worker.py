"""Who does the forward passes: one protocol for a thread, a Ray actor and a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from darling_plugin.errors import SimilarityError
from darling_plugin.similarity.classifier.memory import Item


class WorkerError(Exception):
    """This worker has failed this batch; another one, or the same one later, may not."""


class RefusedError(SimilarityError):
    """The batch itself is wrong, so no worker would take it: the model, the key or the request must be mended."""


class Worker(Protocol):
    """One place where a model is."""

    name: str

    async def answer(self, items: Sequence[Item]) -> Any:
        """Rows, one per item, shape (len(items), width). Raises `WorkerError` and `RefusedError`, nothing else."""
        ...

    async def is_well(self) -> bool:
        """Whether it can take work again, after it has failed."""
        ...

    async def reset(self) -> None:
        """Free it from a batch that it did not finish in time."""
        ...

    async def close(self) -> None:
        """Stop it, and what was started for it."""
        ...


class LocalWorker:
    """The model in this process, in a thread of its own; loaded by the first batch.

    Args:
        load: makes what answers: items → rows.
    """

    def __init__(self, name: str, load: Callable[[], Callable[[Sequence[Any]], Any]]):
        self.name = name
        self._load = load
        self._forward: Callable[[Sequence[Any]], Any] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="darling-model")

    async def answer(self, items: Sequence[Item]) -> np.ndarray:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, items)

    def _answer(self, items: Sequence[Item]) -> np.ndarray:
        try:
            if self._forward is None:
                self._forward = self._load()
            return checked_rows(self._forward(items), len(items))
        except Exception as error:  # whatever a model or a user's function raises; no other worker would do better
            raise RefusedError(f"{self.name} failed on {len(items)} items: {type(error).__name__}: {error}") from error

    async def is_well(self) -> bool:
        return True

    async def reset(self) -> None:
        """A thread cannot be stopped: the next batch waits until this one ends."""

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def checked_rows(answer: object, expected: int) -> np.ndarray:
    """The answer as `expected` rows of finite numbers, float32. Raises `WorkerError` where it is anything else."""
    try:
        rows = np.asarray(answer, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise WorkerError(f"it answered with {type(answer).__name__}, not with rows of numbers: {error}") from error
    if rows.ndim != 2 or len(rows) != expected or rows.shape[1] == 0:
        raise WorkerError(f"it answered {expected} items with rows of shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise WorkerError(f"{int((~np.isfinite(rows).all(axis=1)).sum())} of its {expected} rows are not finite")
    return rows
