"""Distributes batches over workers: the least loaded gets the next, and a batch that fails goes to another worker.

A worker gets work once it has loaded. After a failure it rests, twice as long after each further failure, and must then
load again. A slow worker is not a dead one: a batch's clock starts when a worker takes it. A batch is given up only if
no batch of the pool was answered for `deadline_s` and nothing is loading, or if it kept failing for that long. The
error then names every worker and its last message. Rows are validated before they are passed on: a wrong number of
them, or one that is not finite, is a failure of the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from darling_plugin.errors import SimilarityError
from darling_plugin.service.counts import Counts
from darling_plugin.service.worker import RefusedError, Worker, WorkerError, checked_rows
from darling_plugin.similarity.classifier.batches import by_length
from darling_plugin.similarity.classifier.decision import tokens_of
from darling_plugin.similarity.classifier.memory import Item
from darling_plugin.similarity.classifier.rows import Rows

logger = logging.getLogger(__name__)

Done = Callable[[list[int], Rows], None]


@dataclass(frozen=True)
class Limits:
    """What a pool sends, and how long it waits. None is no limit.

    Args:
        tokens, rows: most tokens, and most items, of a batch.
        timeout_s: seconds that one worker may take for a batch.
        deadline_s: seconds without an answer from any worker, or for which one batch keeps failing.
        load_timeout_s: seconds that a worker may take to load.
        max_tokens, characters: how much of each text is read, and sent.
        in_flight: batches that a worker holds at once, so that it never waits for the next.
        tries: failures of a batch before the deadline counts for it.
        rest_s, longest_rest_s: seconds that a worker rests after its first failure, and at most.
    """

    tokens: int = 16_384
    rows: int | None = None
    timeout_s: float | None = 120.0
    deadline_s: float = 300.0
    load_timeout_s: float = 1800.0
    max_tokens: int | None = None
    characters: int | None = None
    in_flight: int = 2
    tries: int = 10
    rest_s: float = 0.5
    longest_rest_s: float = 30.0


class _Seat:
    """A worker and its state."""

    def __init__(self, worker: Worker):
        self.worker = worker
        self.batches = 0
        self.tokens = 0
        self.failures = 0  # in a row
        self.rests_until = 0.0
        self.answered_at = -math.inf
        self.said = ""  # when it failed last
        self.ready = False
        self.loading: asyncio.Task[None] | None = None
        self.refused: RefusedError | None = None
        self.tally = Counter[str]()


class _Tries:
    """One batch's failures so far. said: worker → what it said last."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.failures = 0
        self.first_failed = math.inf


class Pool:
    """Answers items by batches over the workers. Lives in one event loop."""

    def __init__(self, workers: Sequence[Worker], counts: Counts, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.counts = counts
        self._seats = [_Seat(worker) for worker in workers]
        self._turn = asyncio.Lock()  # thousands of batches wait: one at a time looks for a worker, in their order
        self._changed = asyncio.Event()
        self._open = 0  # batches under way or waiting
        self._busy_since = 0.0
        self._progress = 0.0  # when something was last answered, or loaded, or began

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
        """Give it no more work; it finishes what it has."""
        self._seats = [seat for seat in self._seats if seat.worker is not worker]

    def is_idle(self, worker: Worker) -> bool:
        return all(seat.batches == 0 for seat in self._seats if seat.worker is worker)

    async def answer(self, items: Sequence[Item], done: Done) -> None:
        """Call done(numbers, rows) for each batch that is answered: rows[k] is of items[numbers[k]].

        Raises `SimilarityError` when a batch is given up. What was answered before is kept.
        """
        sizes = [tokens_of(item, self.limits.max_tokens) for item in items]
        rows = self.limits.rows or len(items)
        tasks = [
            asyncio.ensure_future(self._one(items, sizes, batch[start : start + rows], done))
            for batch in by_length(sizes, self.limits.tokens)
            for start in range(0, len(batch), rows)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _one(self, items: Sequence[Item], sizes: list[int], numbers: list[int], done: Done) -> None:
        batch, tokens = [self._sent(items[number]) for number in numbers], sum(sizes[number] for number in numbers)
        self._count_open(1)
        try:
            rows = await self._tried(batch, tokens)
        finally:
            self._count_open(-1)
        self.counts.batches += 1
        self.counts.read += len(batch)
        self.counts.texts += len({text for item in batch for text in ((item,) if isinstance(item, str) else item)})
        self.counts.tokens += tokens
        self.counts.room += max(self.limits.tokens, tokens)
        done(numbers, rows)

    def _sent(self, item: Item) -> Item:
        """The item as it is sent to a worker, without the characters that no model reads."""
        end = self.limits.characters
        return item[:end] if isinstance(item, str) else (item[0][:end], item[1][:end])

    async def _tried(self, batch: list[Item], tokens: int) -> Rows:
        now = asyncio.get_running_loop().time
        tries = _Tries()
        while True:
            # A batch that failed has waited for its turn before.
            async with contextlib.nullcontext() if tries.failures else self._turn:
                seat = await self._free_seat(tries)
                seat.batches, seat.tokens = seat.batches + 1, seat.tokens + tokens
            try:
                rows = checked_rows(await self._in_time(seat, batch), len(batch))
            except (WorkerError, asyncio.TimeoutError) as error:
                said = tries.said[seat.worker.name] = str(error) or f"no answer in {self.limits.timeout_s:.3g} s"
                tries.failures += 1
                tries.first_failed = min(tries.first_failed, now())
                await self._rest(seat, said, hung=isinstance(error, asyncio.TimeoutError))
            else:
                seat.failures, seat.answered_at, self._progress = 0, now(), now()
                self._take_tally(seat)
                return rows
            finally:
                seat.batches, seat.tokens = seat.batches - 1, seat.tokens - tokens
                self._changed.set()

    async def _in_time(self, seat: _Seat, batch: list[Item]) -> object:
        """The worker's answer; TimeoutError when nothing came from it for `timeout_s`: it may hold an earlier batch."""
        loop, limit = asyncio.get_running_loop(), self.limits.timeout_s
        since, task = loop.time(), asyncio.ensure_future(seat.worker.answer(batch))
        try:
            while True:
                done, _ = await asyncio.wait({task}, timeout=None if limit is None else since + limit - loop.time())
                if done:
                    return task.result()
                if seat.answered_at <= since:
                    raise asyncio.TimeoutError
                since = seat.answered_at
        finally:
            task.cancel()

    async def _free_seat(self, tries: _Tries) -> _Seat:
        """The least loaded of the workers that are ready."""
        loop = asyncio.get_running_loop()
        while True:
            for seat in self._seats:
                if seat.refused is not None:
                    raise seat.refused
                if not seat.ready and seat.loading is None and seat.rests_until <= loop.time():
                    seat.loading = asyncio.ensure_future(self._load(seat))
            free = [s for s in self._seats if s.ready and s.batches < self.limits.in_flight]
            if free:
                return min(free, key=lambda seat: seat.tokens)
            end = self._given_up_at(tries)
            if loop.time() >= end:
                raise SimilarityError(self._why(tries))
            self._changed.clear()
            wake = min([end, *(s.rests_until for s in self._seats if s.rests_until > loop.time())])
            with contextlib.suppress(asyncio.TimeoutError):
                limit = None if wake == math.inf else max(0.001, wake - loop.time())
                await asyncio.wait_for(self._changed.wait(), limit)

    def _given_up_at(self, tries: _Tries) -> float:
        """The time at which a waiting batch is given up if nothing changes."""
        at_rest = math.inf if any(seat.loading for seat in self._seats) else self._progress
        own = tries.first_failed if tries.failures >= self.limits.tries else math.inf
        return min(at_rest, own) + self.limits.deadline_s

    def _why(self, tries: _Tries) -> str:
        resting = {seat.worker.name: seat.said for seat in self._seats if not seat.ready and seat.said}
        said = "; ".join(f"{name}: {text}" for name, text in (resting | tries.said).items())
        return (
            f"the partition service got no answer in {self.limits.deadline_s:.3g} s (darling.service.deadline_s) from "
            f"{len(self._seats)} workers: {said or 'all are working on batches and do not answer'}"
        )

    async def _load(self, seat: _Seat) -> None:
        """Make a worker ready, or send it to rest; never raises."""
        limit = self.limits.load_timeout_s
        try:
            await asyncio.wait_for(seat.worker.load(), limit)
        except RefusedError as error:
            seat.refused = error
        except (WorkerError, asyncio.TimeoutError) as error:
            why = str(error) or f"not loaded in {limit:.3g} s (darling.service.load_timeout_s)"
            self._send_to_rest(seat, why)
            if isinstance(error, asyncio.TimeoutError):
                await seat.worker.reset()
        else:
            seat.ready, self._progress = True, asyncio.get_running_loop().time()
        finally:
            seat.loading = None
            self._changed.set()

    async def _rest(self, seat: _Seat, why: str, *, hung: bool) -> None:
        self.counts.failures += 1
        logger.warning("darling: worker %s failed on a batch, which another worker gets: %s", seat.worker.name, why)
        self._send_to_rest(seat, why)
        if hung:
            await seat.worker.reset()

    def _send_to_rest(self, seat: _Seat, why: str) -> None:
        seat.ready, seat.said = False, why
        seat.failures += 1
        rest = min(self.limits.longest_rest_s, self.limits.rest_s * 2 ** min(seat.failures - 1, 16))
        seat.rests_until = asyncio.get_running_loop().time() + rest

    def _take_tally(self, seat: _Seat) -> None:
        """A restarted worker counts from 0 again; subtracting Counters drops the negative differences."""
        for name, more in (seat.worker.tally - seat.tally).items():
            setattr(self.counts, name, getattr(self.counts, name) + more)
        seat.tally = Counter(seat.worker.tally)

    def _count_open(self, change: int) -> None:
        now = asyncio.get_running_loop().time()
        if self._open == 0:
            self._busy_since = self._progress = now
        self._open += change
        self.counts.queue_depth = max(self.counts.queue_depth, self._open)
        if self._open == 0:
            self.counts.busy_seconds += now - self._busy_since

    async def close(self) -> None:
        for seat in self._seats:
            if seat.loading is not None:
                seat.loading.cancel()
        await asyncio.gather(*(seat.worker.close() for seat in self._seats))
