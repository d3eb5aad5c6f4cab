"""Batches over workers: the least loaded first, and a batch that one of them fails goes to another.

A worker that fails rests, twice as long each time in a row, and is asked for its health before it gets work again. A
batch is tried until its deadline; then the error names every worker and what it said. Rows are checked before they are
anybody's: a wrong number of them, or one that is not finite, is a failure of the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from darling_plugin.errors import SimilarityError
from darling_plugin.service.counts import Counts
from darling_plugin.service.worker import Worker, WorkerError, checked_rows
from darling_plugin.similarity.classifier.batches import by_length
from darling_plugin.similarity.classifier.memory import Item

logger = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 4  # English prose; only the sizes of batches depend on it
Done = Callable[[list[int], np.ndarray], None]


@dataclass(frozen=True)
class Limits:
    """tokens: of a batch. timeout_s: of a batch at one worker. deadline_s: of a batch, all its tries together.

    in_flight: batches that a worker holds at once, so that it never waits for the next. rest_s, longest_rest_s: of a
    worker that has failed.
    """

    tokens: int = 16_384
    timeout_s: float = 120.0
    deadline_s: float = 300.0
    in_flight: int = 2
    rest_s: float = 0.5
    longest_rest_s: float = 30.0


class _Seat:
    """A worker, and how it is doing."""

    def __init__(self, worker: Worker):
        self.worker = worker
        self.batches = 0
        self.tokens = 0
        self.failures = 0  # in a row
        self.rests_until = 0.0


class Pool:
    """Answers items by batches over the workers. Lives in one event loop."""

    def __init__(self, workers: Sequence[Worker], counts: Counts, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.counts = counts
        self._seats = [_Seat(worker) for worker in workers]
        self._changed = asyncio.Event()
        self._open = 0  # batches under way or waiting
        self._busy_since = 0.0

    @property
    def workers(self) -> list[Worker]:
        return [seat.worker for seat in self._seats]

    @property
    def waiting(self) -> int:
        """Batches that no worker holds yet."""
        return self._open - sum(seat.batches for seat in self._seats)

    def add(self, worker: Worker) -> None:
        self._seats.append(_Seat(worker))
        self._changed.set()

    def remove(self, worker: Worker) -> None:
        """Give it no more work; what it has, it finishes."""
        self._seats = [seat for seat in self._seats if seat.worker is not worker]

    def is_idle(self, worker: Worker) -> bool:
        return all(seat.batches == 0 for seat in self._seats if seat.worker is worker)

    async def answer(self, items: Sequence[Item], done: Done) -> None:
        """Call done(numbers, rows) for each batch that is answered: rows[k] is of items[numbers[k]].

        Raises `SimilarityError` when a batch was not answered by its deadline. What was answered before is kept.
        """
        sizes = [tokens_of(item) for item in items]
        tasks = [
            asyncio.ensure_future(self._one(items, sizes, numbers, done))
            for numbers in by_length(sizes, self.limits.tokens)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _one(self, items: Sequence[Item], sizes: list[int], numbers: list[int], done: Done) -> None:
        batch, tokens = [items[number] for number in numbers], sum(sizes[number] for number in numbers)
        self._count_open(1)
        try:
            rows = await self._tried(batch, tokens)
        finally:
            self._count_open(-1)
        self.counts.batches += 1
        self.counts.read += len(batch)
        self.counts.tokens += tokens
        self.counts.room += max(self.limits.tokens, tokens)
        done(numbers, rows)

    async def _tried(self, batch: list[Item], tokens: int) -> np.ndarray:
        now = asyncio.get_running_loop().time
        deadline = now() + self.limits.deadline_s
        said: dict[str, str] = {}  # worker → what it said last
        while True:
            seat = await self._free_seat(deadline, said)
            seat.batches, seat.tokens = seat.batches + 1, seat.tokens + tokens
            try:
                limit = max(0.001, min(self.limits.timeout_s, deadline - now()))
                rows = checked_rows(await asyncio.wait_for(seat.worker.answer(batch), limit), len(batch))
            except (WorkerError, asyncio.TimeoutError) as error:
                said[seat.worker.name] = str(error) or f"no answer in {limit:.3g} s"
                await self._rest(seat, said[seat.worker.name], hung=isinstance(error, asyncio.TimeoutError))
            else:
                seat.failures = 0
                return rows
            finally:
                seat.batches, seat.tokens = seat.batches - 1, seat.tokens - tokens
                self._changed.set()

    async def _free_seat(self, deadline: float, said: dict[str, str]) -> _Seat:
        """The least loaded of the workers that are well."""
        loop = asyncio.get_running_loop()
        while loop.time() < deadline:
            free = [s for s in self._seats if s.batches < self.limits.in_flight and s.rests_until <= loop.time()]
            if free:
                seat = min(free, key=lambda seat: seat.tokens)
                if not seat.failures or await self._recovered(seat):
                    return seat
                continue
            self._changed.clear()
            wake = min([deadline, *(s.rests_until for s in self._seats if s.rests_until > loop.time())])
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), max(0.001, wake - loop.time()))
        raise SimilarityError(
            f"the partition service got no answer in {self.limits.deadline_s:.3g} s (darling.service.deadline_s) from "
            f"{len(self._seats)} workers: {'; '.join(f'{name}: {text}' for name, text in said.items()) or 'all busy'}"
        )

    async def _recovered(self, seat: _Seat) -> bool:
        seat.rests_until = asyncio.get_running_loop().time() + self.limits.rest_s  # nobody else asks meanwhile
        if await seat.worker.is_well():
            seat.rests_until = 0.0
            return True
        self._send_to_rest(seat)
        return False

    async def _rest(self, seat: _Seat, why: str, *, hung: bool) -> None:
        self.counts.failures += 1
        self._send_to_rest(seat)
        logger.warning("darling: worker %s failed a batch, which goes to another: %s", seat.worker.name, why)
        if hung:
            await seat.worker.reset()

    def _send_to_rest(self, seat: _Seat) -> None:
        seat.failures += 1
        rest = min(self.limits.longest_rest_s, self.limits.rest_s * 2 ** (seat.failures - 1))
        seat.rests_until = asyncio.get_running_loop().time() + rest

    def _count_open(self, change: int) -> None:
        now = asyncio.get_running_loop().time()
        if self._open == 0:
            self._busy_since = now
        self._open += change
        self.counts.queue_depth = max(self.counts.queue_depth, self._open)
        if self._open == 0:
            self.counts.busy_seconds += now - self._busy_since

    async def close(self) -> None:
        await asyncio.gather(*(seat.worker.close() for seat in self._seats))


def tokens_of(item: Item) -> int:
    """About how many tokens a model reads for it."""
    characters = len(item) if isinstance(item, str) else len(item[0]) + len(item[1])
    return 3 + characters // CHARACTERS_PER_TOKEN
