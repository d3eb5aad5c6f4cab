"""Workers for tests of the service: they answer from an oracle, and fail in every way that a worker can."""

import asyncio
import random
from collections import Counter

import numpy as np

from darling_plugin.core import PartitionRule
from darling_plugin.service.build import PlainReader
from darling_plugin.service.cached_model import Asker
from darling_plugin.service.counts import Counts
from darling_plugin.service.pool import Limits, Pool
from darling_plugin.service.service import PartitionService
from darling_plugin.service.verdicts import Verdicts
from darling_plugin.service.worker import WorkerError
from darling_plugin.similarity.classifier.memory import Memory

FAULTS = ("killed", "hangs", "late", "too few rows", "too many rows", "nan", "nonsense", "nothing")


def same_first_letter(items):
    """P of pairs of texts: 1 where they begin alike."""
    return np.array([[float(a[:1] == b[:1])] for a, b in items])


class Oracle:
    """A worker that is always right, and remembers what it was asked."""

    def __init__(self, answer=same_first_letter, name="oracle"):
        self.name = name
        self.tally = Counter()
        self.says = answer
        self.asked = []
        self.closed = False
        self.resets = 0
        self.well = True

    async def answer(self, items):
        await asyncio.sleep(0)
        self.asked.append(list(items))
        return self.says(items)

    async def load(self):
        if not self.well:
            raise WorkerError("not well")

    async def reset(self):
        self.resets += 1

    async def close(self):
        self.closed = True


class Chaotic(Oracle):
    """Fails `share` of its batches, in one of the ways of FAULTS, by the seed."""

    def __init__(self, seed, share=0.4, faults=FAULTS, **settings):
        super().__init__(**settings)
        self._random = random.Random(seed)
        self._share = share
        self._faults = faults
        self.failed = 0

    async def answer(self, items):
        rows = await super().answer(items)
        if self._random.random() >= self._share:
            return rows
        self.failed += 1
        match self._random.choice(self._faults):
            case "killed":
                raise WorkerError("killed")
            case "hangs":
                await asyncio.Event().wait()
            case "late":
                await asyncio.sleep(10 * FAST.timeout_s)
                return rows
            case "too few rows":
                return rows[:-1]
            case "too many rows":
                return np.concatenate([rows, rows])
            case "nan":
                return np.where(np.arange(len(rows))[:, None] == 0, np.nan, rows)
            case "nonsense":
                return {"error": "overloaded"}
        return None  # "nothing"

    async def load(self):
        if self._random.random() >= 0.7:
            raise WorkerError("not well")


FAST = Limits(tokens=64, timeout_s=0.02, deadline_s=30, rest_s=0.001, longest_rest_s=0.01)


def service_over(workers, *, counts=None, limits=FAST, rule=None, reader=None, **settings):
    """A service whose similarity is asked pair by pair, over these workers."""
    counts = counts or Counts()

    async def make():
        return Verdicts(reader or PlainReader(), Asker(Pool(workers, counts, limits), Memory()))

    return PartitionService(make, counts, rule or PartitionRule(threshold=0.5, short_text_rule=False), **settings)
