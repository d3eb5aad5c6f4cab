r"""Answers that are nearly a reference, and others that equal it: what a verifier must tell apart.

equals("2 2/3")          \frac{8}{3}: a mixed number is a sum
near_misses("1011_2")    1012_2, 1011_3
near_misses("0.0000001") 0.0000002: one more in the third digit that counts, or in the last
near_misses("2^{100}")   3^{100}, 2^{101}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 1000  # digits of a number that is changed
MOST = 4  # near misses of one reference: each costs a comparison
DIGITS = 3  # a near miss of a decimal differs in the third digit that counts: by 1 % at most, by 0.1 % at least

_MIXED = re.compile(
    r"(-?)\s*([0-9]+)(?:\s+|\s*\\[ ,;]\s*)([0-9]+)\s*/\s*([0-9]+)"
    r"|(-?)\s*([0-9]+)\s*\\[dt]?frac\s*\{?([0-9]+)\}?\s*\{?([0-9]+)\}?"
)
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+")


def equals(reference: str) -> Iterator[str]:
    """Other ways to write the reference, where it is a mixed number such as `2 2/3` or `2\frac{2}{3}`."""
    found = _MIXED.fullmatch(reference.strip().strip("$").strip())
    if found is None:
        return
    sign, whole, above, below = (found.group(n) or found.group(n + 4) or "" for n in (1, 2, 3, 4))
    if int(above) < int(below):
        yield f"{sign}\\frac{{{int(whole) * int(below) + int(above)}}}{{{below}}}"


def near_misses(reference: str) -> list[str]:
    """The reference with one of its numbers changed a little, at most `MOST` of them: the first ones and the last."""
    found = [one for one in _NUMBER.finditer(reference) if len(one[0]) <= LONGEST]
    chosen = found if len(found) <= MOST else [*found[: MOST // 2], *found[-MOST // 2 :]]
    return [f"{reference[: one.start()]}{_next(one[0])}{reference[one.end() :]}" for one in chosen]


def _next(number: str) -> str:
    """One more in the last digit of a whole number; in the third digit that counts of a decimal, or its last."""
    if "." not in number:
        return str(int(number) + 1)
    whole, _, fraction = number.partition(".")
    digits = (whole + fraction).lstrip("0")
    unit = 10 ** max(0, len(digits) - DIGITS)
    changed = str(int(digits or "0") + unit).rjust(len(whole + fraction), "0")
    at = len(changed) - len(fraction)
    return f"{changed[:at]}.{changed[at:]}"
