"""Which math responses have equal final answers, by math-verify: in a child process, as one answer can hang it.

math-verify limits its own time with SIGALRM, which needs a main thread and does not stop a single long operation (see
`quality/math_verify.py`). Here the whole group goes to the child, so that each response is parsed once.
"""

from __future__ import annotations

import logging

from darling_plugin.child import Child, Hung

logger = logging.getLogger(__name__)


def answer_classes(responses: list[str], timeout_s: int = 5) -> list[int | None]:
    """classes[i] = the number of the final answer of responses[i], 0 … by first appearance; None without an answer.

    A response joins the first class whose first member has an equal answer, in either direction: math-verify takes
    "x = 2" for "2". Must run in the main thread of its process; `timeout_s` is for one parse or comparison.
    """
    from math_verify import parse, verify

    leaders: list[list] = []
    classes: list[int | None] = []
    for response in responses:
        answer = parse(response, parsing_timeout=timeout_s)
        if not answer:
            classes.append(None)
            continue
        for number, leader in enumerate(leaders):
            if verify(leader, answer, timeout_seconds=timeout_s) or verify(answer, leader, timeout_seconds=timeout_s):
                classes.append(number)
                break
        else:
            classes.append(len(leaders))
            leaders.append(answer)
    return classes


class AnswerReader:
    """`answer_classes` in one child process, started at the first call; leave with `with`.

    A group on which the child takes longer than `deadline_s` has no answers (`hung` counts such groups), and another
    child takes over.
    """

    def __init__(self, deadline_s: float = 120.0):
        self.deadline_s = deadline_s
        self.hung = 0
        self._child = Child(answer_classes, deadline_s)

    def __enter__(self) -> AnswerReader:
        return self

    def __exit__(self, *error: object) -> None:
        self._child.close()

    def __call__(self, responses: list[str]) -> list[int | None]:
        self._child.deadline_s = self.deadline_s
        try:
            return self._child(responses)
        except Hung:
            logger.warning("math-verify hung for %.0f s on %d responses; left out", self.deadline_s, len(responses))
            self.hung += 1
            return [None] * len(responses)
