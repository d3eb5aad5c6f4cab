"""math-verify: 1 where the final answer equals the reference symbolically, else 0; and which answer it was, for maj@k.

The verdict is that of training, `quality/math_verify.py`: no answer, and one that takes too long to read or to compare,
score 0. An answer is named by the expression that math-verify reads, as text: "1/2" for \\frac{1}{2} and for 0.5, "3"
for 3.0.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version
from queue import SimpleQueue
from typing import Any

from darling_plugin.child import Child, Hung
from darling_plugin.errors import InputError
from darling_plugin.quality.reference import reference_text
from darling_plugin.tools.evaluation.stage import Item, Report

logger = logging.getLogger(__name__)

MOST_PROCESSES = 8
TIMEOUT_S = 10.0
DEADLINE_S = 3 * TIMEOUT_S + 60  # leaves time to start a process and to import sympy


class MathScorer:
    """`processes` of them at once, one for each core by default, at most 8."""

    binary = True

    def __init__(self, processes: int | None = None, deadline_s: float = DEADLINE_S):
        self.processes = processes or min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
        self.deadline_s = deadline_s

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "math", "math_verify": version("math-verify")}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        references = {
            item.prompt.id: reference_text(item.prompt.answer, f"prompt {item.prompt.id!r}, field `answer`")
            for item in items
        }
        with ExitStack() as stack, ThreadPoolExecutor(self.processes) as pool:
            free: SimpleQueue[Child[[str, str], tuple[float, str | None]]] = SimpleQueue()
            for _ in range(self.processes):
                free.put(stack.enter_context(Child(grade, self.deadline_s)))

            def one(item: Item) -> None:
                call = free.get()
                try:
                    score, answer = call(item.response, references[item.prompt.id])
                except Hung:
                    logger.warning("%s, sample %d: math-verify hung; scored 0", item.prompt.id, item.sample)
                    score, answer = 0.0, None
                except InputError as error:
                    raise InputError(f"{item.prompt.id}: {error}") from None
                finally:
                    free.put(call)
                report.done(item, {"score": score, "answer": answer})

            jobs = [pool.submit(one, item) for item in items]
            try:
                for job in jobs:
                    job.result()
            finally:
                for job in jobs:
                    job.cancel()


def grade(response: str, reference: str) -> tuple[float, str | None]:
    """(score, answer); must run in the main thread of its process. No answer, and none that can be written: None."""
    from darling_plugin.quality.final_answer import read_answer
    from darling_plugin.quality.math_verify import verify_answer

    return verify_answer(response, reference, TIMEOUT_S), read_answer(response, TIMEOUT_S)
