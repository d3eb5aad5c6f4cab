from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.evaluation import sampled_entropy, token_entropy


def logs(*rows):
    with np.errstate(divide="ignore"):
        return np.log(np.array(rows, dtype=float))


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([1, 0, 0, 0], 0),  # certain; 0 log 0 = 0
        ([0.25] * 4, log(4)),
        ([0.5, 0.25, 0.25], 1.5 * log(2)),  # (1/2 · 1 + 1/4 · 2 + 1/4 · 2) bits
        ([1], 0),
    ],
)
def test_worked_by_hand(probabilities, expected):
    assert token_entropy(logs(probabilities)).tolist() == pytest.approx([expected])


def test_each_position_has_its_own():
    assert token_entropy(logs([1, 0], [0.5, 0.5])).tolist() == pytest.approx([0, log(2)])
    assert token_entropy(np.empty((0, 3))).shape == (0,)


def test_what_is_left_out_counts_as_one_token_more():
    # 1/2 and 1/4 are given: the missing 1/4 is one token more.
    assert token_entropy(logs([0.5, 0.25]), top_k_only=True).tolist() == pytest.approx([1.5 * log(2)])
    assert token_entropy(logs([0.5, 0.5]), top_k_only=True).tolist() == pytest.approx([log(2)])


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=8), st.data())
def test_the_likeliest_tokens_give_a_lower_bound(weights, data):
    p = np.sort(np.array(weights) / sum(weights))[::-1]
    k = data.draw(st.integers(1, len(p)))
    whole = token_entropy(logs(p))[0]
    assert token_entropy(logs(p[:k]), top_k_only=True)[0] <= whole + 1e-9
    assert token_entropy(logs(p), top_k_only=True)[0] == pytest.approx(whole)
    assert 0 <= whole <= log(len(p)) + 1e-9


def test_single_precision_of_a_large_vocabulary():
    uniform = np.full((1, 150_000), -np.log(150_000), dtype=np.float32)
    assert token_entropy(uniform)[0] == pytest.approx(log(150_000), rel=1e-4)


def test_sampled_tokens():
    assert sampled_entropy([log(0.5), log(0.25)]) == pytest.approx(1.5 * log(2))
    assert sampled_entropy([0.0, 0.0]) == 0


def test_the_estimate_from_samples_comes_to_the_entropy():
    p = np.array([0.7, 0.2, 0.1])
    drawn = np.random.default_rng(0).choice(3, size=40_000, p=p)
    # −log p has a standard deviation of 0.66 here: 0.0033 over 40,000 tokens; four of those.
    assert sampled_entropy(np.log(p)[drawn]) == pytest.approx(token_entropy(logs(p))[0], abs=0.0132)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: token_entropy([[1.0, 2.0]]), "natural logs of probabilities: at most 0"),
        (lambda: token_entropy([[np.nan, 0.0]]), "not NaN; apply log_softmax first"),
        (lambda: token_entropy(logs([0.5, 0.25])), r"probabilities of `logprobs\[0\]` must sum to 1, got 0.75"),
        (lambda: token_entropy(logs([1, 0], [1, 1])), r"`logprobs\[1\]` must sum to 1, got 2"),
        (lambda: token_entropy(logs([1, 1]), top_k_only=True), r"`logprobs\[0\]` must sum to at most 1, got 2"),
        (lambda: token_entropy([0.0]), r"shape \(positions, tokens\), got \(1,\)"),
        (lambda: token_entropy([[0.0]], top_k_only=20), "`top_k_only` must be True or False, got 20"),
        (lambda: sampled_entropy([]), "of each token; got no token"),
        (lambda: sampled_entropy([-1.0, 0.5]), "at most 0, of each token; got 0.5 at token 1"),
        (lambda: sampled_entropy([-np.inf]), r"`logprobs\[0\]` must be a finite number"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
