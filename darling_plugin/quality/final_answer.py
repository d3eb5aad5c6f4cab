"""The final answer of a response, in one canonical form: what objectives that count answers compare.

By math-verify, in a child process, or by a function of the user's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from darling_plugin.child import Child, Hung
from darling_plugin.errors import InputError
from darling_plugin.functions import load_function

MATH_VERIFY = "math_verify"
SETTING = "darling.quality.answer"
TIMEOUT_S = 10.0  # to parse one response
DEADLINE_S = 120.0  # of one response; leaves time to start a child and to import sympy


def final_answers(texts: Sequence[str], extractor: str = MATH_VERIFY) -> list[str | None]:
    """answers[i] = the final answer of texts[i]; None where it gives none, or where reading it hangs.

    Args:
        extractor: `math_verify`, or `module:function` from a list of texts to a list of answers (str or None).
    """
    if extractor == MATH_VERIFY:
        read = {text: _read_in_child(text) for text in dict.fromkeys(texts)}
        return [read[text] for text in texts]
    answers = list(load_function(SETTING, extractor, "my_project.answers:extract")(list(texts)))
    if len(answers) != len(texts) or any(not (one is None or isinstance(one, str)) for one in answers):
        raise InputError(
            f"`{SETTING}` is {extractor!r}, which must return one answer (str or None) for each of {len(texts)} texts; "
            f"got {len(answers)} of types {', '.join(sorted({type(one).__name__ for one in answers}))}"
        )
    return answers


def read_answer(response: str, timeout_s: float = TIMEOUT_S) -> str | None:
    """By math-verify. Must run in the main thread of its process. None where there is none that can be written."""
    from math_verify import parse

    found = parse(response, parsing_timeout=round(timeout_s))
    if not found:
        return None
    answer = found[0]
    try:
        if getattr(answer, "is_Float", False) and float(answer).is_integer():
            answer = int(answer)
        return str(answer)
    except (ArithmeticError, ValueError, RecursionError):  # infinity, too many digits, too many levels
        return None


@cache
def _child() -> Child[[str], str | None]:
    return Child(read_answer, DEADLINE_S)


def _read_in_child(text: str) -> str | None:
    try:
        return _child()(text)
    except Hung:
        return None
