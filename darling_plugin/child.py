"""A function in a process of its own, which is ended and replaced when a call takes too long.

For parsers of model text: one long operation (a huge power, say) never returns to Python, so that no alarm of the
process itself ends it. `pebble` does the work.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from darling_plugin.errors import DarlingError

P = ParamSpec("P")
R = TypeVar("R")


class Hung(Exception):
    """The call took longer than the deadline, or ended its process; the next call starts another one."""


class Child(Generic[P, R]):
    """`with Child(function, deadline_s=60) as call: call(…)`. One call at a time; the first one starts the process.

    `function` must be importable, and its arguments and result must pickle. What it raises rises here. Any thread may
    call it. The deadline of the first call includes the start of the process.
    """

    def __init__(self, function: Callable[P, R], deadline_s: float):
        self._function = function
        self.deadline_s = deadline_s
        self._one_at_a_time = threading.Lock()
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Child[P, R]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._one_at_a_time:
            if self._pool is None:
                # Ctrl-C reaches the child too, and is the parent's to deal with.
                self._pool = ProcessPool(
                    max_workers=1,
                    context=multiprocessing.get_context("spawn"),
                    initializer=signal.signal,
                    initargs=(signal.SIGINT, signal.SIG_IGN),
                )
            job = self._pool.schedule(self._function, args=args, kwargs=kwargs, timeout=self.deadline_s)
            try:
                return job.result()
            except BrokenProcessPool as error:
                self._stop()
                raise DarlingError(
                    f"the child process for {self._function.__name__} cannot start. Run the program from a file or a "
                    'module with `if __name__ == "__main__":`, not from standard input.'
                ) from error
            except (Late, ProcessExpired) as error:
                raise Hung(f"no result in {self.deadline_s:g} s" if isinstance(error, Late) else str(error)) from None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        with self._one_at_a_time:
            self._stop()

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None
