"""What math-verify makes of a reference, asked of the real one."""

import pytest

from darling_plugin.tools.data import verifiable
from darling_plugin.tools.data.verifiable import HANGS, NOTHING, TEXT, AnswerCheck, why_unverifiable


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
