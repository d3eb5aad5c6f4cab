import random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.countdown.task import (
    DIGITS,
    OPERATORS,
    PROMPT_LENGTH,
    RESPONSE_LENGTH,
    TARGETS,
    parse,
    prompt_text,
    solutions,
    verify,
)


@st.composite
def expressions(draw):
    size = draw(st.integers(2, 4))
    digits = draw(st.lists(st.sampled_from(DIGITS), min_size=size, max_size=size))
    operators = draw(st.lists(st.sampled_from(OPERATORS), min_size=size - 1, max_size=size - 1))
    return digits[0] + "".join(o + d for o, d in zip(operators, digits[1:], strict=True))


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [
        ("3*7-2", 19, ((-1, (2,)), (1, (3, 7)))),
        ("7*3-2", 19, ((-1, (2,)), (1, (3, 7)))),  # × commutes
        ("1+2*3", 7, ((1, (1,)), (1, (2, 3)))),  # × before +
        ("2*3+1", 7, ((1, (1,)), (1, (2, 3)))),  # + commutes
        ("1-2*3", -5, ((-1, (2, 3)), (1, (1,)))),  # the sign belongs to the whole product
        ("1-2-3", -4, ((-1, (2,)), (-1, (3,)), (1, (1,)))),  # − associates to the left
        ("3*1", 3, ((1, (1, 3)),)),  # a factor of one stays
        (" 1+2\n", 3, ((1, (1,)), (1, (2,)))),  # space around is ignored
    ],
)
def test_parse(text, value, form):
    expression = parse(text)
    assert (expression.value, expression.form) == (value, form)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("7", "one digit only"),
        ("1+2+3+4+5", "five digits"),
        ("12+3", "two digits side by side"),
        ("1+", "ends with an operator"),
        ("-1+2", "starts with an operator"),
        ("1++2", "two operators"),
        ("0+7", "zero is no digit of this game"),
        ("8/2", "no division"),
        ("(1+2)", "no brackets"),
        ("1 + 2", "space inside"),
        ("1+²", "superscript: a digit to str.isdigit, not to us"),
        ("1+2=3", "an equation"),
        ("__import__('os')", "code is text"),
    ],
)
def test_not_an_expression(text, reason):
    assert parse(text) is None, reason


@pytest.mark.parametrize(
    ("response", "right", "reason"),
    [
        ("3*7-2", True, "21 − 2 = 19"),
        ("8+7+3+1", True, "four digits"),
        ("2*8+3", True, "16 + 3 = 19"),
        ("3*7-1", False, "equals 20"),
        ("9*2+1", False, "9 is not in the pool"),
        ("8+8+3", False, "8 is there once"),
        ("19", False, "the target itself is no expression"),
    ],
)
def test_verify(response, right, reason):
    assert (verify((3, 8, 1, 7, 2), 19, response) is not None) is right, reason


def test_a_digit_may_be_used_as_often_as_the_pool_holds_it():
    assert verify((2, 2, 5, 6, 7), 4, "2*2")
    assert not verify((2, 2, 5, 6, 7), 6, "2+2+2")


def test_prompt_text_has_a_fixed_length():
    assert prompt_text((3, 8, 1, 7, 2), 5) == "38172=05:"
    assert {len(prompt_text((1, 2, 3, 4, 5), target)) for target in TARGETS} == {PROMPT_LENGTH}


@settings(deadline=None)
@given(expressions())
def test_value_agrees_with_sympy(text):
    assert parse(text).value == sympy.sympify(text)


@settings(deadline=None)
@given(expressions(), st.randoms(use_true_random=False))
def test_form_survives_every_reordering(text, rng):
    """Rewrite by commutativity and associativity alone: shuffle the terms, and the factors within each."""
    terms = [_shuffled_factors(term, rng) for term in text.replace("-", "+-").split("+")]
    start = rng.choice([term for term in terms if not term.startswith("-")])  # a response cannot start with −
    terms.remove(start)
    rng.shuffle(terms)
    rewritten = "".join([start, *(term if term.startswith("-") else "+" + term for term in terms)])
    assert parse(rewritten).form == parse(text).form


@settings(deadline=None)
@given(expressions(), expressions())
def test_equal_forms_are_equal_polynomials(first, second):
    """With a symbol for each digit, equal forms are equal polynomials. (The reverse fails: a − a + b is b.)"""
    if parse(first).form == parse(second).form:
        assert _polynomial(first) == _polynomial(second)
    elif "-" not in first + second:  # nothing cancels, so other forms are other polynomials
        assert _polynomial(first) != _polynomial(second)


def test_solutions_are_all_the_right_responses():
    pool = (1, 2, 3, 7, 8)
    found = {text: target for target, forms in solutions(pool).items() for texts in forms.values() for text in texts}
    for text, target in found.items():
        assert verify(pool, target, text).value == target
    # None is missing: random responses that solve some target are all among them.
    rng = random.Random(0)
    for _ in range(2000):
        digits = rng.sample("12378", rng.randint(2, 4))
        text = "".join(d + rng.choice(OPERATORS) for d in digits)[:-1]
        value = parse(text).value
        assert found.get(text) == (value if value in TARGETS else None)


def test_solutions_are_grouped_by_form():
    # 8 from (1, 1, 1, 2, 4) with two digits: 2*4, 4*2 and nothing else.
    forms = {form: texts for form, texts in solutions((1, 1, 1, 2, 4))[8].items() if len(texts[0]) == 3}
    assert forms == {((1, (2, 4)),): ("2*4", "4*2")}


def test_the_longest_response_fits_with_its_end():
    longest = max(len(t) for forms in solutions((1, 2, 3, 7, 8)).values() for texts in forms.values() for t in texts)
    assert longest + 1 == RESPONSE_LENGTH


def _shuffled_factors(term, rng):
    factors = term.lstrip("-").split("*")
    rng.shuffle(factors)
    return term[: term.startswith("-")] + "*".join(factors)


def _polynomial(text):
    symbols = {digit: sympy.Symbol(f"x{digit}") for digit in DIGITS}
    total = sympy.Integer(0)
    for term in text.replace("-", "+-").split("+"):
        sign = -1 if term.startswith("-") else 1
        total += sign * sympy.prod([symbols[c] for c in term.lstrip("-").split("*")])
    return sympy.expand(total)
