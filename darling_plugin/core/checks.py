"""Argument checks that the steps share. Each returns the value in the form that the step computes with.

`name` is the argument as the caller knows it; it leads every message. `rows` is the length that the batch has.
"""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from darling_plugin.errors import InputError


def texts(name: str, values: Sequence[str]) -> list[str]:
    """A list of strings. One string alone is refused: it would pass as a sequence of letters."""
    if isinstance(values, str):
        raise InputError(f"`{name}` must be a sequence of strings, got one string; put it in a list")
    listed = list(values)
    for row, value in enumerate(listed):
        if not isinstance(value, str):
            raise InputError(f"`{name}[{row}]` must be a string, got {type(value).__name__}: {value!r}")
    return listed


def same_length(name: str, got: int, rows: int, of: str) -> None:
    if got != rows:
        raise InputError(f"`{name}` has {got} entries and `{of}` has {rows}; they must be equal, one per response")


def numbers(name: str, values: Any, rows: int | None = None, of: str = "uid") -> np.ndarray:
    """Finite float64 numbers, shape (rows,)."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"`{name}` must hold one number per response: {error}") from error
    if array.ndim != 1:
        raise InputError(f"`{name}` must have one dimension, one number per response; got shape {array.shape}")
    if rows is not None:
        same_length(name, len(array), rows, of)
    finite = np.isfinite(array)
    if not finite.all():
        row = int(np.argmin(finite))
        raise InputError(f"`{name}[{row}]` must be a finite number, got {array[row]}")
    return array


def flags(name: str, values: Any, rows: int, of: str = "uid") -> np.ndarray:
    """Booleans, shape (rows,). Numbers are refused: a quality of 0.3 is neither true nor false."""
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(bool)
    if array.dtype != np.bool_ or array.ndim != 1:
        raise InputError(
            f"`{name}` must be booleans of shape ({rows},), got {array.dtype} of shape {array.shape}; "
            "compare a quality with a threshold first, for example `quality > 0.5`"
        )
    same_length(name, len(array), rows, of)
    return array


def number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise InputError(f"`{name}` must be a finite number, got {value!r}")
    return float(value)


def fraction(name: str, value: Any) -> float:
    """A number in [0, 1]."""
    if not 0.0 <= number(name, value) <= 1.0:
        raise InputError(f"`{name}` must be in [0, 1], got {value!r}")
    return float(value)


def at_least_one(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(f"`{name}` must be a whole number of at least 1, got {value!r}")
    return int(value)


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"`{name}` must be True or False, got {value!r}")
    return bool(value)


def choice(name: str, value: Any, valid: Sequence[str]) -> str:
    if value not in valid:
        raise InputError(f"`{name}` must be one of {', '.join(valid)}; got {value!r}")
    return str(value)
