"""Numbers as values, however they are written."""

from fractions import Fraction

import pytest

from darling_plugin.form.facts import numbers, valued, without_numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,250 or 1250", {1250}),
        ("3,5 km", {Fraction(7, 2)}),  # a decimal comma
        ("3,000,000", {3_000_000}),
        ("1,2,3", {1}),  # a list without spaces: only its first is read
        ("2 2/3", {Fraction(8, 3)}),
        ("-3.5 and 1e-5", {Fraction(-7, 2), Fraction(1, 100_000)}),
        ("3 million, 1.5 Billion", {3_000_000, 1_500_000_000}),
        ("forty-two", {42}),
        ("Twenty one and ninety", {21, 90}),
        ("a hundred and twelve", {112}),
        ("twelve hundred", {1200}),
        ("two thousand, three hundred and five", {2305}),
        ("three million two", {3_000_002}),
        ("two three", {2, 3}),  # two numbers
        ("two-thirds, one quarter", {Fraction(2, 3), Fraction(1, 4)}),
        ("one of them, someone, often, fourteenth, one month", set()),
        ("hundreds, a thousandth, a half", set()),
        ("三百二十, 十五, 一", {320, 15}),
    ],
)
def test_values(text, expected):
    assert numbers(text) == expected


def test_numbers_in_digits_and_none():
    assert valued("Twenty-one of 3,5 and 十五") == "21 of 7/2 and  15 "
    assert without_numbers("21 or twenty-one") == "  or  "


@pytest.mark.parametrize(
    "part", ["a hundred ", "two thousand ", "twenty-", "one ", "a ", "1,", "3 ", "one hundred and "]
)
def test_no_text_takes_long(part):
    numbers(part * 20_000)  # a pattern that tries every start and every end would take minutes
