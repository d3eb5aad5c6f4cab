"""NumPy's matrix products on one thread.

They are small here. OpenBLAS divides each one among all cores and spins until the slowest is done: on two cores that
other processes used, comparing the responses of a step took 7 to 15 times the processor time of one thread, and 6 times
as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import Any

_LOCK = RLock()  # two blocks that overlap would restore each other's limit


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the block or the function that it decorates, BLAS uses one thread in this whole process.

    PyTorch has threads of its own. Never around code that waits for another thread, which may want the same.
    """
    with _LOCK, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks through all loaded libraries: 2 ms
