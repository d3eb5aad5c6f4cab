"""Small matrix products don't use all cores, and the limit is gone afterwards."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from darling_plugin.blas import one_thread


def threads() -> set[int]:
    """Of NumPy's BLAS; SciPy may have brought another one."""
    np.eye(2) @ np.eye(2)
    found = [own for own in threadpool_info() if own["user_api"] == "blas" and "numpy" in own["filepath"]]
    return {own["num_threads"] for own in found}


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
