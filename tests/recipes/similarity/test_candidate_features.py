"""Exact features fire for what excludes each other, and a policy can't set them by adding text."""

import pytest

from recipes.similarity.candidate.code_text import code_form, compare_forms
from recipes.similarity.candidate.features import FEATURES, compare, read


def feature(name: str, a: str, b: str) -> float:
    first, second = read(a), read(b)
    value = compare(first, second, {})[FEATURES.index(name)]
    assert value == compare(second, first, {})[FEATURES.index(name)]
    return value


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("The answer is 42.", "The answer is 43.", 1),
        ("He has 3 dogs.", "He has three dogs.", 0),
        ("He has 3 dogs.", "He has 3 dogs, as of 2024.", 0),  # a number more excludes nothing
        ("56", "Seven rows of 8 make 7 * 8 = 56.", 0),
        ("54", "Seven rows of 8 make 7 * 8 = 56.", 1),
        ("8", "Seven rows of 8 make 7 * 8 = 56.", 1),  # 8 is in the text, but what it ends in is 56
    ],
)
def test_numbers(a, b, expected):
    assert feature("numbers", a, b) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("The door is locked today.", "The door is not locked today.", 1),
        ("The bridge is safe to cross.", "It is not dangerous to cross the bridge.", 0),
        ("They will come.", "They won't come.", 1),
    ],
)
def test_negation(a, b, expected):
    assert feature("negation", a, b) == expected


def test_code_is_compared_up_to_names():
    a = "def total(values):\n    s = 0\n    for v in values:\n        s += v\n    return s"
    b = "```python\ndef f(xs):\n    # adds\n    acc = 0\n    for x in xs:\n        acc += x\n    return acc\n```"
    assert compare_forms(code_form(a), code_form(b)) == 1
    assert compare_forms(code_form(a), code_form(a.replace("+=", "-="))) == -1
    assert code_form("The train leaves at nine; take a seat.") is None


def test_a_text_and_itself():
    text = "A hundred prisoners stand in a line. " * 30
    assert feature("same", text, text) == 1
    assert feature("long", text, text) == 1
    assert feature("numbers", text, text) == feature("negation", text, text) == 0
