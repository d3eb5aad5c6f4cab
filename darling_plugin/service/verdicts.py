"""From pairs of responses to P(equivalent), with the forward passes somewhere else.

Verdicts      one classifier: asks its workers for what must be read, and interprets the rows
Cascade       a cheap classifier decides the confident pairs, an expensive one the rest
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from darling_plugin.core.partition import Lookup
from darling_plugin.errors import SimilarityError
from darling_plugin.service.cached_model import Asker
from darling_plugin.similarity.cascade import settle
from darling_plugin.similarity.classifier.decision import Reading
from darling_plugin.similarity.classifier.memory import Memory
from darling_plugin.similarity.classifier.rows import vector_of

Pairs = Sequence[tuple[str, str]]


class Judging(Protocol):
    """What the service needs of a similarity."""

    @property
    def lookup(self) -> Lookup | None:
        """P of pairs that are known without a model; None where looking up costs as much as scoring."""
        ...

    @property
    def skip_implied(self) -> bool:
        """Whether scoring a pair costs more than finding out that it is not needed."""
        ...

    async def probabilities(self, pairs: Pairs) -> np.ndarray:
        """P[k] of pairs[k]. Raises `SimilarityError`."""
        ...

    async def read_ahead(self, texts: Sequence[str]) -> bool:
        """Read new responses before any pair is scored; False if only pairs can be read."""
        ...

    async def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The encoding of each text, shape (len(texts), dimensions). Raises `SimilarityError` where there is none."""
        ...

    @property
    def memories(self) -> Mapping[str, Memory]:
        """The memory of each model, by a name of its own."""
        ...

    async def close(self) -> None: ...


class Verdicts:
    """One similarity."""

    def __init__(self, reader: Reading, asker: Asker):
        self.reader = reader
        self.asker = asker

    @property
    def lookup(self) -> Lookup | None:
        return self._known if self.reader.reads == "pairs" else None

    @property
    def skip_implied(self) -> bool:
        # Once the texts are read, all pairs of a group are one product of matrices: one round, and no bookkeeping.
        return self.reader.reads == "pairs"

    async def probabilities(self, pairs: Pairs) -> np.ndarray:
        rows = await self.asker.rows(self.reader.items(pairs))
        # In a thread: thousands of pairs take long enough to keep the workers waiting for their next batch.
        return await asyncio.get_running_loop().run_in_executor(None, self.reader.probabilities, pairs, rows)

    async def read_ahead(self, texts: Sequence[str]) -> bool:
        if self.reader.reads == "pairs":
            return False
        await self.asker.rows(texts)
        return True

    async def vectors(self, texts: Sequence[str]) -> np.ndarray:
        if self.reader.reads == "pairs":
            raise SimilarityError(
                "the objective needs an encoding of each response, but this similarity reads pairs of responses; set "
                "darling.similarity.name=embedding, or darling.similarity.model to a bi-encoder (null is one)"
            )
        rows = await self.asker.rows(list(dict.fromkeys(texts)))
        return np.stack([vector_of(rows[text]) for text in texts])

    @property
    def memories(self) -> Mapping[str, Memory]:
        return {"similarity": self.asker.memory}

    async def close(self) -> None:
        await self.asker.pool.close()

    def _known(self, pairs: list[tuple[str, str]]) -> np.ndarray:
        items = [self.reader.items([pair]) for pair in pairs]
        rows = dict(zip(every := [item for own in items for item in own], self.asker.memory.lookup(every), strict=True))
        p = np.full(len(pairs), np.nan)
        known = [k for k, own in enumerate(items) if all(rows[item] is not None for item in own)]
        if known:
            p[known] = self.reader.probabilities(
                [pairs[k] for k in known], {i: r for i, r in rows.items() if r is not None}
            )
        return p


class Cascade:
    """P of the first classifier where it is clear, else of the second (`similarity/cascade.py`)."""

    lookup = None
    skip_implied = True

    def __init__(self, first: Verdicts, second: Verdicts, low: float, high: float):
        self.first = first
        self.second = second
        self.low = low
        self.high = high

    async def probabilities(self, pairs: Pairs) -> np.ndarray:
        found, asked = settle(await self.first.probabilities(pairs), self.low, self.high)
        if len(asked):
            found[asked] = await self.second.probabilities([pairs[k] for k in asked.tolist()])
        return found

    async def read_ahead(self, texts: Sequence[str]) -> bool:
        await self.first.read_ahead(texts)
        return False

    async def vectors(self, texts: Sequence[str]) -> np.ndarray:
        return await self.first.vectors(texts)

    @property
    def memories(self) -> Mapping[str, Memory]:
        return {"first": self.first.asker.memory, "second": self.second.asker.memory}

    async def close(self) -> None:
        await asyncio.gather(self.first.close(), self.second.close())
