"""Partitions of groups of responses: computed while responses come in, and completed when they are collected.

    submit(uid, text)     a response was generated: note it, return at once, and score ahead what can be scored
    partition(texts, …)   the classes of these responses; only pairs that are still unknown are scored

What is scored ahead goes only into a memory keyed by content. `partition` runs `core.find_partition` over
exactly the responses that it is given, so a sibling that failed, came twice or was replaced changes no class, and no
partition is computed from half an answer.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from darling_plugin.core.groups import Uid
from darling_plugin.core.partition import Partition, PartitionRule, find_partition
from darling_plugin.errors import SimilarityError
from darling_plugin.service.counts import Counts
from darling_plugin.service.incremental_group import Arrivals
from darling_plugin.service.verdicts import Judging
from darling_plugin.similarity.classifier.memory import Contents, Memory

logger = logging.getLogger(__name__)

T = TypeVar("T")
MOST_GROUPS = 8192  # that wait to be collected; the oldest is forgotten
PAIRS_AHEAD = 2048  # asked about in one round of work ahead


class PartitionService:
    """A similarity with an event loop of its own, for any number of threads.

    Args:
        make: makes the similarity and its workers, inside the loop.
        counts: what they count in.
        rule: the settings of every partition.
        most_groups: groups that may wait to be collected.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[Judging]],
        counts: Counts,
        rule: PartitionRule,
        *,
        most_groups: int = MOST_GROUPS,
    ):
        self.rule = rule
        self._counts = counts
        self._most_groups = most_groups
        self._groups: OrderedDict[Hashable, Arrivals] = OrderedDict()
        self._new: list[tuple[Hashable, str]] = []
        self._paused = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="darling-service", daemon=True)
        self._thread.start()
        self._arrived = asyncio.Event()
        self._at_rest = asyncio.Event()  # nothing is left to work on ahead
        try:
            self._similarity = self._run(make())
        except BaseException:
            self._stop_loop()
            raise
        self._ahead = self._run(self._start())

    def submit(self, uid: Hashable, text: str) -> None:
        """A response of group `uid` was generated. Returns at once, and never raises for work that fails later."""
        if not self._paused:
            self._loop.call_soon_threadsafe(self._note, uid, text)

    def pause(self) -> None:
        """Ignore responses until `resume`: those of a validation have no siblings."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def partition(
        self,
        texts: Sequence[str],
        uid: Uid,
        correct: Sequence[bool] | np.ndarray | None = None,
    ) -> Partition:
        """The classes of these responses. Raises `SimilarityError` when the workers did not answer in time."""
        self._loop.call_soon_threadsafe(self._collected, set(uid))
        return find_partition(
            texts,
            uid,
            lambda pairs: self._run(self._similarity.probabilities(pairs)),
            threshold=self.rule.threshold,
            correct=correct,
            short_text_rule=self.rule.short_text_rule,
            domain=self.rule.domain,
            strategy=self.rule.strategy,
            skip_implied=self._similarity.skip_implied,
            lookup=self._similarity.lookup if self.rule.strategy == "exact" else None,
        )

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """P[k] of pairs[k], rules first. Raises `SimilarityError` when the workers did not answer in time."""
        return self.rule.rules.probabilities(pairs, lambda open_: self._run(self._similarity.probabilities(open_)))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The similarity's encoding of each text, shape (len(texts), dimensions). Raises `SimilarityError`."""
        return self._run(self._similarity.vectors(texts))

    def counts(self) -> Counts:
        """What was done since the last call."""

        async def take() -> Counts:
            return self._counts.take()

        return self._run(take())

    @property
    def memories(self) -> Mapping[str, Memory]:
        """The memory of each model, by name."""
        return self._similarity.memories

    def memory(self) -> dict[str, Contents]:
        """What the similarity's models found so far, for `remember` of a service with the same similarity."""
        return {name: memory.contents() for name, memory in self._similarity.memories.items()}

    def remember(self, contents: Mapping[str, Contents]) -> None:
        """Take over what `memory` of an earlier service gave."""
        for name, memory in self._similarity.memories.items():
            memory.refill(contents[name])

    def close(self) -> None:
        """Stop the work ahead, the workers and the loop. A second call does nothing."""
        if not self._thread.is_alive():
            return
        self._run(self._end())
        self._stop_loop()

    def _run(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    async def _start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._work_ahead())

    async def _end(self) -> None:
        self._ahead.cancel()
        await asyncio.gather(self._ahead, return_exceptions=True)
        await self._similarity.close()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _note(self, uid: Hashable, text: str) -> None:
        self._counts.arrived += 1
        self._new.append((uid, text))
        self._arrived.set()

    def _collected(self, uids: set[Hashable]) -> None:
        self._new = [(uid, text) for uid, text in self._new if uid not in uids]
        for uid in uids:
            self._groups.pop(uid, None)

    async def _work_ahead(self) -> None:
        """Rounds of work, each with all responses that have arrived by then."""
        while True:
            if not self._new and not any(group.is_open for group in self._groups.values()):
                self._arrived.clear()
                self._at_rest.set()
                await self._arrived.wait()
                self._at_rest.clear()
            try:
                await self._round()
            except SimilarityError as error:
                self._counts.stream_failures += 1
                logger.warning("darling: scoring ahead of the trainer failed and will be tried again: %s", error)

    async def _round(self) -> None:
        new, self._new = self._new, []
        if new and await self._similarity.read_ahead([text for _, text in new]):
            return
        for uid, text in new:
            if uid not in self._groups:
                self._groups[uid] = Arrivals(short_text_rule=self.rule.short_text_rule)
            self._groups[uid].add(text)
        while len(self._groups) > self._most_groups:
            self._groups.popitem(last=False)
            self._counts.forgotten += 1
        asked: list[tuple[Arrivals, tuple[int, int]]] = []
        for group in self._groups.values():
            if len(asked) >= PAIRS_AHEAD:
                break
            asked += [(group, pair) for pair in group.next_pairs()]
        if not asked:
            return
        p = await self._similarity.probabilities([(group.texts[i], group.texts[j]) for group, (i, j) in asked])
        for (group, (i, j)), equivalent in zip(asked, (p > self.rule.threshold).tolist(), strict=True):
            if equivalent:
                group.record(i, j)
