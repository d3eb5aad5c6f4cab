r"""Can math-verify tell a right answer from a wrong one, given this reference?

It reads a reference as a mathematical object where it can ("\frac{1}{2}", "2, 3", "x \le 5") and else as mere text
("62.5\%", "10:45 a.m."): then only the very same characters are right, and a correct answer written otherwise scores
0. A reference that it does not read at all stops a run (`quality/math_verify.py`).

Some it reads as something else: "2 2/3" as 2 · 2/3, "1011_2" as 1011 in whatever base, 0.0000001 as 0. Such a reference
is found by its near misses (`near_misses.py`): one of them is taken for right.

It reads in child processes with a deadline, as one reference can hang it ("9^{9^{9^{9}}}" compared with anything).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from darling_plugin.child import Child, Hung
from darling_plugin.progress import progress
from darling_plugin.tools.data.near_misses import equals, near_misses

NOTHING, TEXT, HANGS = "math-verify reads no answer", "math-verify reads it as text only", "math-verify hangs on it"
MISREAD, NEAR_MISS = "math-verify reads it as another value", "math-verify takes a near miss for it"

TIMEOUT_S = 30  # of one parse or comparison, by math-verify itself: whole seconds, far more than any needs
DEADLINE_S = 120.0  # of one reference; leaves time to start a child and to import sympy

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


def why_unverifiable(reference: str) -> str | None:
    """NOTHING, TEXT, HANGS, MISREAD, NEAR_MISS, or None for a reference that math-verify tells from others.

    Must run in the main thread of its process (math-verify counts time with SIGALRM).
    """
    from math_verify import parse, verify

    def read(answer: str) -> list[Any]:
        boxed = answer if "\\boxed" in answer else f"\\boxed{{{answer}}}"
        found: list[Any] = parse(boxed, parsing_timeout=TIMEOUT_S)
        return found

    gold = read(reference)
    if not gold:
        return NOTHING
    if all(isinstance(one, str) for one in gold):
        return TEXT
    began = time.monotonic()
    verify(gold, read("18"), timeout_seconds=TIMEOUT_S)
    if time.monotonic() - began >= TIMEOUT_S:
        return HANGS
    for same in (reference, *equals(reference)):
        if not verify(gold, read(same), timeout_seconds=TIMEOUT_S):
            return MISREAD
    for other in near_misses(reference):
        if verify(gold, read(other), timeout_seconds=TIMEOUT_S):
            return NEAR_MISS
    return HANGS if time.monotonic() - began >= TIMEOUT_S else None


class AnswerCheck:
    """`why_unverifiable` of many references, each read once, in so many child processes. Leave with `with`."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._known: dict[str, str | None] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._own = threading.local()
        self._children: list[Child[[str], str | None]] = []

    def __enter__(self) -> AnswerCheck:
        return self

    def __exit__(self, *error: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for child in self._children:
            child.close()

    def __call__(self, references: Sequence[str], description: str) -> dict[str, str | None]:
        """Why each is unverifiable, or None. Shows a bar with `description`."""
        self._known |= {one: None for one in references if _WHOLE_NUMBER.fullmatch(one)}  # most answers; needs no child
        new = [one for one in dict.fromkeys(references) if one not in self._known]
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers)
        with progress(description, len(new)) as advance:
            for reference, why in zip(new, self._threads.map(self._read, new), strict=True):
                self._known[reference] = why
                advance()
        return {one: self._known[one] for one in references}

    def _read(self, reference: str) -> str | None:
        child: Child[[str], str | None] | None = getattr(self._own, "child", None)  # one for each thread
        if child is None:
            child = self._own.child = Child(why_unverifiable, DEADLINE_S)
            self._children.append(child)
        try:
            return child(reference)
        except Hung:
            return HANGS
