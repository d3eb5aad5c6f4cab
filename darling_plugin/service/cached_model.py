"""Turns items into rows, reading each once: from memory, from a batch that is under way, or through the pool."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from darling_plugin.service.pool import Pool
from darling_plugin.similarity.classifier.memory import Item, Memory
from darling_plugin.similarity.classifier.rows import Rows


class Asker:
    """One model, behind its memory. Lives in one event loop; the work ahead and the trainer may ask at once."""

    def __init__(self, pool: Pool, memory: Memory):
        self.pool = pool
        self.memory = memory
        self._under_way: dict[Item, asyncio.Future[np.ndarray | None]] = {}

    async def rows(self, items: Sequence[Item]) -> dict[Item, np.ndarray]:
        """rows[item] of each item. Raises `SimilarityError`."""
        missing = list(dict.fromkeys(items))
        found = self._lookup(missing)
        self.pool.counts.cached += len(found)
        while missing := [item for item in missing if item not in found]:
            others = {item: self._under_way[item] for item in missing if item in self._under_way}
            found |= await self._read([item for item in missing if item not in others])
            for item, future in others.items():
                # None: the call that was reading it failed. Its failure is not this call's, which reads it itself.
                if (row := await asyncio.shield(future)) is not None:
                    found[item] = row
        return found

    def _lookup(self, items: list[Item]) -> dict[Item, np.ndarray]:
        rows = self.memory.lookup(items)
        return {item: row for item, row in zip(items, rows, strict=True) if row is not None}

    async def _read(self, items: list[Item]) -> dict[Item, np.ndarray]:
        loop = asyncio.get_running_loop()
        self._under_way |= {item: loop.create_future() for item in items}
        found: dict[Item, np.ndarray] = {}

        def done(numbers: list[int], rows: Rows) -> None:
            answered = [items[number] for number in numbers]
            self.memory.keep(answered, rows)
            for item, row in zip(answered, rows, strict=True):
                found[item] = row
                self._under_way.pop(item).set_result(row)

        try:
            if items:
                await self.pool.answer(items, done)
        finally:
            for item in items:
                if item not in found:
                    self._under_way.pop(item).set_result(None)
        return found
