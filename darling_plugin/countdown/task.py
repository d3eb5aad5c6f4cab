"""Countdown, TV rules: reach a target with some of five digits. The rules, the parser and every solution.

    prompt    `38172=19:`   five digits 1-9, then the target 1-60 in two digits
    response  `3*7-2`       two to four of the digits, each at most once, joined by + - *, no brackets

A response is right when it keeps the rules and equals the target. Two responses are the same solution when one becomes
the other by commutativity and associativity of + and ×; their *form*, a sorted multiset of signed sorted products, is
then equal: `3*7-2` and `7*3-2` both are ((-1, (2,)), (1, (3, 7))). Nothing more is simplified: `3*1` is not `3`.

What a model wrote is data: it is parsed here, never evaluated by Python.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from math import prod
from typing import NamedTuple

ALPHABET = "0123456789+-*=:"
DIGITS = "123456789"
OPERATORS = "+-*"
POOL_SIZE = 5
MAX_OPERANDS = 4
TARGETS = range(1, 61)
PROMPT_LENGTH = POOL_SIZE + 4  # characters: the digits, "=", two for the target, ":"
RESPONSE_LENGTH = 2 * MAX_OPERANDS  # tokens: at most seven characters and the end; a text cut here never parses

Term = tuple[int, tuple[int, ...]]  # (sign, sorted factors)
Form = tuple[Term, ...]  # sorted: one solution class
Solutions = Mapping[int, Mapping[Form, tuple[str, ...]]]  # target -> form -> every way to write it


class Expression(NamedTuple):
    """A response that keeps the grammar. It may still use digits that the prompt lacks, or miss the target."""

    digits: tuple[int, ...]  # sorted
    form: Form
    value: int


def prompt_text(digits: Sequence[int], target: int) -> str:
    """The prompt, digits in the order given: `prompt_text((3, 8, 1, 7, 2), 5) == "38172=05:"`."""
    return f"{''.join(map(str, digits))}={target:02d}:"


@lru_cache(maxsize=1 << 14)
def parse(response: str) -> Expression | None:
    """Read one response; None when it breaks the grammar. Space around it is ignored, space inside is an error."""
    text = response.strip()
    if not 3 <= len(text) < RESPONSE_LENGTH or len(text) % 2 == 0:
        return None
    digits, operators = text[::2], text[1::2]
    if any(c not in DIGITS for c in digits) or any(c not in OPERATORS for c in operators):
        return None
    return _expression([int(c) for c in digits], operators)


def verify(digits: Sequence[int], target: int, response: str) -> Expression | None:
    """The response as an expression when it solves the prompt, else None."""
    expression = parse(response)
    if expression is None or expression.value != target:
        return None
    return expression if Counter(expression.digits) <= Counter(digits) else None


@cache
def solutions(pool: tuple[int, ...]) -> Solutions:
    """Every solution that a pool of digits allows, by target (`TARGETS` only) and form.

    A form uses one sub-multiset of the pool, so pools share the 705 sub-multisets of two to four digits: each is
    enumerated once, and all 1,287 pools together take a few seconds.
    """
    found: dict[int, dict[Form, tuple[str, ...]]] = {}
    for size in range(2, MAX_OPERANDS + 1):
        for part in sorted(set(itertools.combinations(sorted(pool), size))):
            for target, forms in _solutions_using_all(part).items():
                found.setdefault(target, {}).update(forms)
    return found


@cache
def _solutions_using_all(digits: tuple[int, ...]) -> dict[int, dict[Form, tuple[str, ...]]]:
    written: dict[int, dict[Form, list[str]]] = {}
    joins = list(itertools.product(OPERATORS, repeat=len(digits) - 1))
    for order in sorted(set(itertools.permutations(digits))):
        for operators in joins:
            expression = _expression(order, operators)
            if expression.value in TARGETS:
                text = str(order[0]) + "".join(f"{o}{d}" for o, d in zip(operators, order[1:], strict=True))
                written.setdefault(expression.value, {}).setdefault(expression.form, []).append(text)
    return {target: {form: tuple(texts) for form, texts in forms.items()} for target, forms in written.items()}


def _expression(digits: Sequence[int], operators: Iterable[str]) -> Expression:
    terms: list[Term] = []
    sign, factors = 1, [digits[0]]
    for operator, digit in zip(operators, digits[1:], strict=True):
        if operator == "*":
            factors.append(digit)
            continue
        terms.append((sign, tuple(sorted(factors))))
        sign, factors = (1 if operator == "+" else -1), [digit]
    terms.append((sign, tuple(sorted(factors))))
    return Expression(tuple(sorted(digits)), tuple(sorted(terms)), sum(s * prod(f) for s, f in terms))
