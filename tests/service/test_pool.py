import asyncio

import numpy as np
import pytest
from chaotic_workers import Oracle

from darling_plugin.errors import SimilarityError
from darling_plugin.service.counts import Counts
from darling_plugin.service.pool import Limits, Pool
from darling_plugin.service.ray_workers import IDLE_LOOKS, ScalingPool
from darling_plugin.service.worker import LocalWorker, WorkerError, checked_rows

PAIRS = [(f"a{k}", f"b{k}") for k in range(40)]


class Held(Oracle):
    """Answers when it is released."""

    def __init__(self, name="held"):
        super().__init__(name=name)
        self.release = asyncio.Event()

    async def answer(self, items):
        self.asked.append(list(items))
        await self.release.wait()
        return self.says(items)


def answered(pool, items=PAIRS):
    """A task that gives the numbers of the items that were answered."""
    numbers = []

    async def run():
        await pool.answer(items, lambda batch, rows: numbers.extend(batch))
        return sorted(numbers)

    return asyncio.create_task(run())


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


def test_no_worker_holds_more_than_its_share_and_the_rest_waits():
    async def scene():
        workers = [Held("one"), Held("two")]
        counts = Counts()
        pool = Pool(
            workers, counts, Limits(tokens=8, in_flight=2)
        )  # a pair is 3 + 6 // 4 = 4 tokens: 20 batches of two
        task = answered(pool)
        await turns()
        assert [len(worker.asked) for worker in workers] == [2, 2] and pool.waiting == 16
        for worker in workers:
            worker.release.set()
        assert await task == list(range(40))
        assert (counts.batches, counts.read, counts.queue_depth, counts.batch_fill) == (20, 40, 20, 1.0)

    asyncio.run(scene())


def test_workers_are_added_while_batches_wait_and_given_up_when_nothing_does():
    async def scene():
        made = []

        def make(number):
            made.append(Held(f"worker {number}"))
            return made[-1]

        pool = ScalingPool(make, 1, 3, Counts(), Limits(tokens=8, in_flight=1))
        task = answered(pool)
        await turns()
        for expected in (2, 3, 3):  # never more than three
            await pool.look()
            await turns()
            assert len(pool.workers) == expected
        for worker in made:
            worker.release.set()
        assert await task == list(range(40))
        for _ in range(2 * (IDLE_LOOKS + 1)):
            await pool.look()
        assert len(pool.workers) == 1  # never fewer than one
        assert [worker.closed for worker in made] == [False, True, True]
        await pool.close()
        assert made[0].closed

    asyncio.run(scene())


def test_a_worker_that_hangs_is_reset_and_its_batch_goes_to_another():
    async def scene():
        hanging, well = Held("hanging"), Oracle(name="well")
        counts = Counts()
        pool = Pool([hanging, well], counts, Limits(tokens=8, timeout_s=0.02, rest_s=10))
        assert await answered(pool) == list(range(40))
        assert hanging.resets == counts.failures > 0

    asyncio.run(scene())


def test_a_worker_gets_work_again_only_when_it_is_well():
    async def scene():
        worker = Oracle()
        worker.well = False
        fails = iter([True])

        def says(items):
            if next(fails, False):
                raise WorkerError("once")
            return np.zeros((len(items), 1))

        worker.says = says
        pool = Pool([worker], Counts(), Limits(deadline_s=0.2, rest_s=0.01, longest_rest_s=0.02))
        with pytest.raises(SimilarityError, match=r"deadline_s.*oracle: once"):
            await answered(pool)
        worker.well = True
        assert await answered(pool) == list(range(40))

    asyncio.run(scene())


def test_a_model_that_fails_in_this_process_is_one_error_at_once():
    def load():
        return lambda items: 1 / 0

    async def scene():
        pool = Pool([LocalWorker("mine", load)], Counts(), Limits(deadline_s=1000))
        with pytest.raises(SimilarityError, match="mine failed on 40 items: ZeroDivisionError: division by zero"):
            await answered(pool)
        await pool.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[1.0]], r"answered 2 items with rows of shape \(1, 1\)"),
        ([1.0, 2.0], r"rows of shape \(2,\)"),
        ([[1.0], [float("inf")]], "1 of its 2 rows are not finite"),
        ([[], []], r"rows of shape \(2, 0\)"),
        ("no", "answered with str"),
    ],
)
def test_rows_are_checked_before_they_are_anybodys(answer, message):
    with pytest.raises(WorkerError, match=message):
        checked_rows(answer, 2)
