"""Quality of a math response: 1.0 when its final answer equals the reference, compared symbolically, else 0.0.

Uses Hugging Face's math-verify (https://github.com/huggingface/Math-Verify). It limits its own time with SIGALRM, which
works only in a process's main thread, and verl scores responses in threads: `MathVerifier` therefore runs it in a child
process, and replaces that process when even the alarm cannot stop it. Model text is parsed, never executed.
"""

from __future__ import annotations

import logging
import weakref
from functools import cache

from darling_plugin.child import Child, Hung
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
        self._child = Child(verify_answer, self.deadline_s)
        weakref.finalize(self, self._child.close)  # a dropped verifier leaves no child behind

    def __call__(self, response: str, reference: str) -> float:
        self._child.deadline_s = self.deadline_s
        try:
            return self._child(response, reference, self._timeout_s)
        except Hung:
            logger.warning("math-verify hung for %.0f s on one response; scored 0.0", self.deadline_s)
            return 0.0

    def close(self) -> None:
        """End the child process."""
        self._child.close()
