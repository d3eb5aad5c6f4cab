import asyncio
import sys

import numpy as np
import pytest
from chaotic_workers import Oracle
from virtual_time import run_virtual

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
        with pytest.raises(SimilarityError, match=r"deadline_s.*oracle: (once|not well)"):
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


class Slow(Oracle):
    """Takes `seconds` for a batch, one after the other, and `loads` to load."""

    def __init__(self, seconds, loads=0.0, name="slow"):
        super().__init__(name=name)
        self.seconds = seconds
        self.loads = loads
        self._turn = asyncio.Lock()

    async def load(self):
        await asyncio.sleep(self.loads)

    async def answer(self, items):
        async with self._turn:
            await asyncio.sleep(self.seconds)
        return self.says(items)


def test_a_slow_worker_is_not_a_dead_one():
    # A validation of 760 prompts × 8 long responses: 21,280 pairs, here a batch each, 0.2 s a batch at each of four:
    # 1,064 s in all, while a batch may take 120 s and no answer may be missing for 300 s.
    async def scene():
        pairs = [(f"a{k}", f"b{k}") for k in range(760 * 28)]
        workers = [Slow(0.2, name=f"worker {number}") for number in range(4)]
        counts = Counts()
        assert await answered(Pool(workers, counts, Limits(tokens=4)), pairs) == list(range(len(pairs)))
        assert asyncio.get_running_loop().time() == pytest.approx(1064)
        assert counts.failures == 0 and all(worker.resets == 0 for worker in workers)

    run_virtual(scene())


def test_a_batch_that_waits_behind_another_at_its_worker_is_not_late():
    # Each takes 100 s of the 120 that it may; the second of the two that a worker holds is answered after 200.
    async def scene():
        worker = Slow(100.0)
        assert await answered(Pool([worker], Counts(), Limits(tokens=8)), PAIRS) == list(range(40))
        assert worker.resets == 0

    run_virtual(scene())


def test_loading_is_not_hanging():
    async def scene():
        worker = Slow(0.1, loads=1000.0)
        assert await answered(Pool([worker], Counts(), Limits(tokens=8))) == list(range(40))
        assert worker.resets == 0
        assert asyncio.get_running_loop().time() == pytest.approx(1000 + 20 * 0.1)

    run_virtual(scene())


def test_a_worker_that_never_loads_is_given_up():
    async def scene():
        worker = Slow(0.1, loads=1e9)
        with pytest.raises(SimilarityError, match=r"not loaded in 1\.8e\+03 s \(darling\.service\.load_timeout_s\)"):
            await answered(Pool([worker], Counts(), Limits(deadline_s=1.0, rest_s=5.0)))
        assert worker.resets == 1

    run_virtual(scene())


def test_without_any_answer_a_batch_is_given_up_after_the_deadline():
    async def scene():
        with pytest.raises(SimilarityError, match=r"no answer in 300 s"):
            await answered(Pool([Held("one"), Held("two")], Counts(), Limits(tokens=8, timeout_s=None)))
        assert asyncio.get_running_loop().time() == pytest.approx(300)

    run_virtual(scene())


def test_a_batch_that_always_fails_is_given_up_though_others_are_answered():
    async def scene():
        class Picky(Slow):
            async def answer(self, items):
                if ("poison", "x") in items:
                    raise WorkerError("choked")
                return await super().answer(items)

        pool = Pool([Picky(1.0), Picky(1.0, name="two")], Counts(), Limits(tokens=8, longest_rest_s=1.0))
        others = asyncio.create_task(pool.answer([(f"c{k}", "d") for k in range(4000)], lambda numbers, rows: None))
        with pytest.raises(SimilarityError, match="choked"):
            await pool.answer([("poison", "x")], lambda numbers, rows: None)
        assert asyncio.get_running_loop().time() < 400 and not others.done()
        others.cancel()

    run_virtual(scene())


def test_batches_are_filled_by_what_is_read_and_carry_no_more():
    async def scene():
        worker, counts = Oracle(lambda items: np.zeros((len(items), 1))), Counts()
        # 32,000 characters are 8,000 tokens, of which 254 are read: 257 a text, so 63 fit into 16,384 tokens.
        pool = Pool([worker], counts, Limits(max_tokens=254, characters=1017))
        texts = [f"{k:03d}" + "x" * 31_997 for k in range(126)]
        assert await answered(pool, texts) == list(range(126))
        assert [len(batch) for batch in worker.asked] == [63, 63]
        assert {len(text) for batch in worker.asked for text in batch} == {1017}

    asyncio.run(scene())


def test_batches_by_count_hold_so_many_whatever_their_length():
    async def scene():
        worker = Oracle()
        texts = [(f"{k}", "long " * 10_000) for k in range(10)]
        assert await answered(Pool([worker], Counts(), Limits(tokens=sys.maxsize, rows=4)), texts) == list(range(10))
        assert [len(batch) for batch in worker.asked] == [4, 4, 2]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[1.0]], r"for 2 items it returned rows of shape \(1, 1\)"),
        ([1.0, 2.0], r"rows of shape \(2,\)"),
        ([[1.0], [float("inf")]], "1 of its 2 rows are not finite"),
        ([[], []], r"rows of shape \(2, 0\)"),
        ("no", "returned str"),
    ],
)
def test_rows_are_checked_before_they_are_anybodys(answer, message):
    with pytest.raises(WorkerError, match=message):
        checked_rows(answer, 2)
