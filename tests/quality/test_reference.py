"""A ground truth as the verifier reads it, or an error that names its row."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from darling_plugin.errors import InputError
from darling_plugin.quality.math_verify import verify_answer
from darling_plugin.quality.reference import reference_text

HUGE = [1 << 20_000]  # in a list, as pytest writes a number into the name of its test


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        (0.00001, "0.00001"),
        (6.02e23, "602000000000000000000000"),
        (1e-12, "0.000000000001"),
        (-2.5e-7, "-0.00000025"),
        ("1e-05", "0.00001"),
        ("6.02E+23", "602000000000000000000000"),
        (" 2.50e1 ", "25"),
        ("e-5", "e-5"),
        ("1e999999999", "1e999999999"),  # its digits would fill the memory
        ("2e", "2e"),
        (3.0, "3"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (100.0, "100"),
        (18, "18"),
        (10**30, "1" + "0" * 30),
        (True, "True"),
        (np.bool_(False), "False"),
        (np.int64(7), "7"),
        (np.float32(0.1), "0.1"),
        (np.float64(1e-5), "0.00001"),
        (np.str_("x"), "x"),
        (Decimal("1E-5"), "0.00001"),
        (Fraction(8, 3), r"\frac{8}{3}"),
    ],
)
def test_values(value, text):
    assert reference_text(value, "row 1") == text


@pytest.mark.parametrize(
    "value",
    [None, float("nan"), float("-inf"), np.float32("nan"), {"answer": "5"}, ["5"], b"5", "", " \n", HUGE,
     Decimal("nan"), Decimal("1E+999999999"), 1j, np.bytes_(b"5"), np.array(5), object()],
)  # fmt: skip
def test_what_is_no_value_names_its_row_and_field(value):
    value = HUGE[0] if value is HUGE else value
    with pytest.raises(InputError, match=r"^row 7, reward_model\.ground_truth: "):
        reference_text(value, "row 7, reward_model.ground_truth")


@pytest.mark.parametrize(
    ("value", "right", "wrong"),
    [
        (0.00001, (r"\boxed{0.00001}", r"\boxed{10^{-5}}"), (r"\boxed{e-5}", r"\boxed{0.00002}")),
        (6.02e23, (r"\boxed{602000000000000000000000}",), (r"\boxed{6.02}", r"\boxed{6.02e23}")),
        (2.5e-4, (r"\boxed{0.00025}", r"\boxed{\frac{1}{4000}}"), (r"\boxed{2.5e-4}",)),
        (True, (r"\boxed{True}", r"\boxed{\text{True}}"), (r"\boxed{False}",)),
    ],
)
def test_the_verifier_reads_what_was_meant(value, right, wrong):
    reference = reference_text(value, "row 1")
    assert [verify_answer(response, reference) for response in right] == [1.0] * len(right)
    assert [verify_answer(response, reference) for response in wrong] == [0.0] * len(wrong)
