"""A function in a process of its own, replaced when a call hangs.

For parsers of model text: one long operation (a huge power, say) never returns to Python, so that no alarm of the
process itself ends it.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.pool
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Hung(Exception):
    """The call took longer than the deadline; its process was ended, and the next call starts another."""


class Child(Generic[P, R]):
    """`with Child(function, deadline_s=60) as call: call(…)`. One call at a time; the first one starts the process.

    `function` must be importable, and its arguments and result must pickle. What it raises rises here.
    """

    def __init__(self, function: Callable[P, R], deadline_s: float):
        self._function = function
        self.deadline_s = deadline_s
        self._pool: multiprocessing.pool.Pool | None = None

    def __enter__(self) -> Child[P, R]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._pool is None:
            # Ctrl-C reaches the child too, and is the parent's to deal with.
            quiet = (signal.SIGINT, signal.SIG_IGN)
            self._pool = multiprocessing.get_context("spawn").Pool(1, signal.signal, quiet)
        try:
            return self._pool.apply_async(self._function, args, kwargs).get(self.deadline_s)
        except multiprocessing.TimeoutError:
            self._end()
            raise Hung from None

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None
