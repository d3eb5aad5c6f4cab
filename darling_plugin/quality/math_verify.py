"""Quality of a maths response: 1.0 when its final answer equals the reference, compared symbolically, else 0.0.

Uses Hugging Face's math-verify (https://github.com/huggingface/Math-Verify). It limits its own time with SIGALRM, which
works only in a process's main thread, and verl scores responses in threads: `MathVerifier` therefore runs it in a child
process, and replaces that process when even the alarm cannot stop it. Model text is parsed, never executed.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.pool
import threading
import weakref
from functools import cache

from darling_plugin.errors import InputError

logger = logging.getLogger(__name__)
WARM_UP_S = 60


def verify_answer(response: str, reference: str, timeout_s: float = 10.0) -> float:
    """1.0 when the final answer of `response` equals `reference` (LaTeX, with or without \\boxed, or a number).

    Must run in the main thread of its process. A response with no answer, or one that takes longer than `timeout_s`
    to read or to compare, scores 0.0. A reference that cannot be read raises `InputError`: no response could be right.
    """
    from math_verify import parse, verify

    _warm_up()
    seconds = max(1, round(timeout_s))  # SIGALRM counts whole seconds
    boxed = reference if "\\boxed" in reference else f"\\boxed{{{reference}}}"
    gold = parse(boxed, parsing_timeout=seconds)
    if not gold:
        raise InputError(f"ground_truth: math-verify finds no answer in {reference!r}; give LaTeX or a number.")
    return float(verify(gold, parse(response, parsing_timeout=seconds), timeout_seconds=seconds))


@cache
def _warm_up() -> None:
    """Once in a process: import sympy and make its parsers. On a busy machine that takes longer than a response may."""
    from math_verify import parse, verify

    half = parse(r"\boxed{\frac{1}{2}}", parsing_timeout=WARM_UP_S)
    verify(half, half, timeout_seconds=WARM_UP_S)


class MathVerifier:
    """`verify_answer` for use in any thread: one child process, started at the first call.

    Args:
        timeout_s: for reading and for comparing each, as in `verify_answer`.
        deadline_s: after which the child counts as hung: the response scores 0.0 and another child takes over. None
            leaves time to start a child and to import sympy.
    """

    def __init__(self, timeout_s: float = 10.0, *, deadline_s: float | None = None) -> None:
        self._timeout_s = timeout_s
        self.deadline_s = 3 * timeout_s + WARM_UP_S if deadline_s is None else deadline_s
        self._one_at_a_time = threading.Lock()
        self._context = multiprocessing.get_context("spawn")
        self._pool: multiprocessing.pool.Pool | None = None

    def __call__(self, response: str, reference: str) -> float:
        with self._one_at_a_time:
            if self._pool is None:
                self._pool = self._context.Pool(1)
                self._stop = weakref.finalize(self, self._pool.terminate)  # a dropped verifier leaves no child behind
            job = self._pool.apply_async(verify_answer, (response, reference, self._timeout_s))
            try:
                return job.get(self.deadline_s)
            except multiprocessing.TimeoutError:
                # A single long operation (a huge power, say) never returns to Python, so no alarm reaches it.
                logger.warning("math-verify hung for %.0f s on one response; scored 0.0", self.deadline_s)
                self._end()
                return 0.0

    def close(self) -> None:
        """End the child process."""
        with self._one_at_a_time:
            self._end()

    def _end(self) -> None:
        if self._pool is not None:
            self._stop()
            self._pool = None
