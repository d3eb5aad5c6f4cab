r"""A ground truth in the form that math-verify reads: used by training, by evaluation and by data preparation.

    "\frac{1}{2}"     as it stands
    0.00001           "0.00001": decimals, never Python's 1e-05, which is read as e − 5
    6.02e23           "602000000000000000000000"
    "1e-05"           "0.00001": a text that is nothing but such a number
    True              "True"

NumPy's scalars are the values that they hold. Everything else (null, NaN, an empty text, bytes, lists, dictionaries) is
an error: no response could be right.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from darling_plugin.errors import InputError

MOST_BITS = 13_000  # of an integer: Python writes at most 4,300 digits
MOST_EXPONENT = 400  # beyond the largest and the smallest float
_SCIENTIFIC = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]{1,3}")


def reference_text(value: Any, where: str) -> str:
    """`value` as math-verify reads it. Raises `InputError` that begins with `where`: the row and the field."""
    if isinstance(value, np.generic):
        # float32(0.1) is 0.1 here: the shortest decimal that is this float32.
        value = Decimal(str(value)) if isinstance(value, np.floating) else value.item()
    if isinstance(value, str):
        if not value.strip():
            raise InputError(f"{where}: is an empty text, expected an answer: LaTeX or a number")
        return _decimal(Decimal(value.strip())) if _is_scientific(value.strip()) else value
    if isinstance(value, bool | int) and int(value).bit_length() < MOST_BITS:
        return str(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MOST_EXPONENT:
        return _decimal(value)
    if isinstance(value, Fraction):
        return f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    raise InputError(
        f"{where}: got {_shown(value)} ({type(value).__name__}), "
        "expected an answer: LaTeX, a finite number or a boolean"
    )


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:  # an integer of more than 4,300 digits
        return "a number of thousands of digits"


def _is_scientific(text: str) -> bool:
    return bool(_SCIENTIFIC.fullmatch(text)) and abs(Decimal(text).adjusted()) <= MOST_EXPONENT


def _decimal(value: Decimal) -> str:
    """All digits, without an exponent; 3.0 is "3"."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
