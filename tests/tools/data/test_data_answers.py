"""What math-verify makes of a reference, asked of the real one."""

import pytest

from darling_plugin.tools.data import verifiable
from darling_plugin.tools.data.near_misses import near_misses
from darling_plugin.tools.data.verifiable import HANGS, MISREAD, NEAR_MISS, NOTHING, TEXT, AnswerCheck, why_unverifiable


@pytest.fixture(scope="module")
def read():
    with AnswerCheck(1) as answers:
        yield answers


def test_references(read):
    expected = {
        "18": None,
        "-3": None,
        r"\frac{1}{2}": None,
        r"\boxed{7}": None,
        "2, 3": None,
        r"x \le 5": None,
        "(1, 2)": None,
        r"\text{Yes}": None,
        "": NOTHING,
        " ": NOTHING,
        "62.5\\%": TEXT,
        "10:45 a.m.": TEXT,
        r"\frac{": TEXT,
    }
    assert read(list(expected), "Reading") == expected


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("2 2/3", MISREAD),  # read as 4/3
        ("-3 1/4", MISREAD),
        ("10 1/2", MISREAD),
        (r"2\frac{2}{3}", None),  # read as 8/3
        (r"3 \frac12", None),
        ("1011_2", NEAR_MISS),  # the base is not read
        ("1011_{2}", NEAR_MISS),
        ("212_3", NEAR_MISS),
        ("0.0000001", NEAR_MISS),  # read as 0
        ("0.00000012", NEAR_MISS),
        ("0.00001", None),
        ("0.333333333", None),
        ("2^{1000}", None),
        ("10^{-12}", None),
        ("602000000000000000000000", None),
        (r"\frac{11}{2}", None),
    ],
)
def test_a_reference_is_told_from_its_near_misses(reference, why):
    assert why_unverifiable(reference) == why


@pytest.mark.parametrize(
    ("reference", "others"),
    [
        ("1011_2", ["1012_2", "1011_3"]),
        ("0.0000001", ["0.0000002"]),
        ("3.14159", ["3.15159"]),
        ("99.95", ["100.05"]),
        ("2^{100}", ["3^{100}", "2^{101}"]),
        ("x", []),
        ("1, 2, 3, 4, 5, 6, 7, 8", None),
    ],
)
def test_near_misses(reference, others):
    assert len(near_misses(reference)) == 4 if others is None else near_misses(reference) == others


@pytest.mark.parametrize("number", ["0", "-7", "007", "18", "123456789012345"])
def test_math_verify_reads_the_numbers_that_it_is_not_asked_about(number):
    assert why_unverifiable(number) is None


def test_none(read):
    assert read([], "Reading") == {}


def test_a_reference_that_hangs_costs_its_deadline_and_no_more(read, monkeypatch):
    assert read([r"\sqrt{2}"], "Reading") == {r"\sqrt{2}": None}  # the child is there
    monkeypatch.setattr(verifiable, "DEADLINE_S", 2.0)
    assert read(["9^{9^{9^{9}}}"], "Reading") == {"9^{9^{9^{9}}}": HANGS}
    monkeypatch.undo()
    assert read([r"\sqrt{3}"], "Reading") == {r"\sqrt{3}": None}
