"""Small matrix products don't use all cores, and the limit is gone afterwards."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from darling_plugin.blas import one_thread


def threads() -> set[int]:
    np.eye(2) @ np.eye(2)
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_inside_the_block_there_is_one_thread_and_afterwards_as_many_as_before():
    with threadpool_limits(2, user_api="blas"):
        with one_thread(), one_thread():
            assert threads() == {1}
        assert threads() == {2}


def test_blocks_in_several_threads_leave_the_limit_as_it_was():
    before, both = threads(), Barrier(2)

    def block(_: int) -> set[int]:
        both.wait()
        with one_thread():
            return threads()

    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            assert list(pool.map(block, range(2))) == [{1}, {1}]
    assert threads() == before
