"""Scorers of a user's own, for `--scorer eval_scorers:…`."""

import os
import threading
from pathlib import Path

import numpy as np

calls: list[str] = []


def starts_with(prompt, response, answer):
    return response.startswith(answer)


def odd_ones(prompt, response, answer):
    return None if answer % 2 == 0 else answer / 2


def of_length(prompt, response, answer):
    return -len(response) / 10


def one_is_right(prompt, response, answer):
    return response == "1"


def stuck(prompt, response, answer):
    """Scores by length; where EVAL_STUCK names a file, the 11th call makes it and never ends."""
    calls.append(response)
    if "EVAL_STUCK" in os.environ and len(calls) > 10:
        Path(os.environ["EVAL_STUCK"]).touch()
        threading.Event().wait()
    return len(response)


def says_five(prompt, response, answer):
    return "5" in response


def numpy_truth(prompt, response, answer):
    return np.bool_(True)


def numpy_number(prompt, response, answer):
    return np.float32(0.5)


def plain_truth(prompt, response, answer):
    return True


def whole(prompt, response, answer):
    return np.int64(3)


def a_tuple(prompt, response, answer):
    return 1.0, "right"


def a_text(prompt, response, answer):
    return "1"


def not_a_number(prompt, response, answer):
    return np.float64("nan")


def a_huge_integer(prompt, response, answer):
    return 10**400
