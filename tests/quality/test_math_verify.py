"""Answers compared symbolically, in a child process that may be hung by one of them."""

import gc
import logging
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from darling_plugin.errors import InputError
from darling_plugin.quality.math_verify import MathVerifier, verify_answer


@pytest.fixture(scope="module")
def verify():
    verifier = MathVerifier(timeout_s=1.0)
    yield verifier
    verifier.close()


@pytest.mark.parametrize(
    ("response", "reference", "expected", "why"),
    [
        (r"\boxed{18}", "18", 1.0, "the same"),
        (r"\boxed{18}", r"\boxed{18}", 1.0, "a reference in a box of its own"),
        (r"\boxed{\frac12}", "0.5", 1.0, "a fraction is a decimal"),
        (r"\boxed{x^2 + 2x + 1}", "(x+1)^2", 1.0, "expanded"),
        (r"\boxed{(1,2)}", "(1, 2)", 1.0, "a pair"),
        ("It is \\boxed{17}.\n\nNo: it is \\boxed{18}", "18", 1.0, "the last one counts"),
        (r"\boxed{17} or \boxed{18}", "18", 0.0, "two boxes in one paragraph are two answers"),
        (r"\boxed{17}", "18", 0.0, "wrong"),
        (r"\boxed{}", "18", 0.0, "empty box"),
        (r"\boxed{18", "19", 0.0, "cut off"),
        ("", "18", 0.0, "empty"),
        ("\x00\ud83d" * 50, "18", 0.0, "not even text"),
    ],
)
def test_answers(response, reference, expected, why):
    assert verify_answer(response, reference) == expected, why


@pytest.mark.parametrize("reference", ["", " ", "$"])
def test_a_reference_without_an_answer_is_an_error(reference, verify):
    with pytest.raises(InputError, match="ground_truth: math-verify finds no answer"):
        verify(r"\boxed{18}", reference)


@pytest.mark.parametrize("bomb", [r"\boxed{9^{9^{9^{9}}}}", r"\boxed{1000000000!}"])
def test_a_bomb_scores_zero_and_the_next_response_is_scored(bomb, verify):
    assert verify(bomb, "18") == 0.0
    assert verify(r"\boxed{18}", "18") == 1.0


def test_threads_share_one_verifier(verify):
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(verify, [rf"\boxed{{{number}}}" for number in range(16, 20)], ["18"] * 4))
    assert got == [0.0, 0.0, 1.0, 0.0]


def test_a_child_that_no_alarm_reaches_is_replaced(caplog):
    # The child needs seconds to start, so it answers no call within a tenth of one.
    verifier = MathVerifier(timeout_s=1.0, deadline_s=0.1)
    with caplog.at_level(logging.WARNING):
        assert verifier(r"\boxed{18}", "18") == 0.0
    assert "math-verify hung" in caplog.text
    verifier.deadline_s = 60.0
    assert verifier(r"\boxed{18}", "18") == 1.0
    verifier.close()
    verifier.close()  # twice is fine


def test_a_dropped_verifier_leaves_no_child_behind():
    verifier = MathVerifier()
    assert verifier(r"\boxed{18}", "18") == 1.0
    before = set(multiprocessing.active_children())
    del verifier
    gc.collect()
    (ended,) = before - set(multiprocessing.active_children())
    assert not ended.is_alive()
