import numpy as np
import pytest

from darling_plugin import fuse_rewards
from darling_plugin.errors import InputError

QUALITY, DIVERSITY, UID = [1.0, -2.0, 4.0], [0.5, 1.0, 0.25], ["p", "p", "q"]


@pytest.mark.parametrize(
    ("options", "expected", "why"),
    [
        ({}, [0.5, -2, 1], "1 · 0.5, −2 · 1, 4 · 0.25"),
        ({"shift": "group_min"}, [1.5, 0, 0], "p: 1 − (−2) = 3 and 0; q: 4 − 4; times d"),
        ({"mode": "additive"}, [1.5, -1, 4.25], "1 + 0.5, −2 + 1, 4 + 0.25"),
        ({"mode": "additive", "weight": 2}, [2, 0, 4.5], "1 + 1, −2 + 2, 4 + 0.5"),
        ({"mode": "additive", "shift": "group_min"}, [3.5, 1, 0.25], "3 + 0.5, 0 + 1, 0 + 0.25"),
        ({"mode": "quality"}, [1, -2, 4], "diversity is not read"),
        # Of two values z = ±(1/2)/std with std = |difference|/√2: ±1/√2. q: +, −; d: −, +: they cancel. q alone: 0.
        ({"mode": "normalized_additive"}, [0, 0, 0], "z(q) + z(d)"),
        ({"mode": "normalized_additive", "weight": 0}, [0.5**0.5, -(0.5**0.5), 0], "z(q)"),
    ],
)
def test_modes(options, expected, why):
    # 1e-5, for the 1e-6 that is added to a standard deviation.
    np.testing.assert_allclose(fuse_rewards(QUALITY, DIVERSITY, UID, **options), expected, atol=1e-5, err_msg=why)


def test_a_column_without_variation_adds_nothing():
    rewards = fuse_rewards([0.1, 0.1, 0.1], [0.0, 0.5, 1.0], [0, 0, 0], mode="normalized_additive")
    np.testing.assert_allclose(rewards, [-1, 0, 1], atol=1e-5)  # d: mean 0.5, std with n − 1 = 0.5
    assert fuse_rewards([0.1] * 3, [0.7] * 3, [0] * 3, mode="normalized_additive").tolist() == [0, 0, 0]


def test_the_inputs_stay_as_they_were():
    quality = np.array([1.0, 2.0])
    rewards = fuse_rewards(quality, [1.0, 1.0], [0, 0], mode="quality")
    rewards[0] = 9
    assert quality.tolist() == [1, 2]


def test_an_empty_batch():
    for mode in ("multiplicative", "additive", "normalized_additive", "quality"):
        assert fuse_rewards([], [], [], mode=mode, shift="group_min").shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [1.0], [0, 0]), {}, "`quality` has 1 entries and `uid` has 2"),
        (([1.0], [1.0, 1.0], [0]), {}, "`diversity` has 2 entries and `uid` has 1"),
        (([1.0, float("nan")], [1.0, 1.0], [0, 0]), {}, r"`quality\[1\]` must be a finite number, got nan"),
        (([1.0], [float("inf")], [0]), {}, r"`diversity\[0\]` must be a finite number, got inf"),
        ((["good"], [1.0], [0]), {}, "`quality` must hold one number per response"),
        (([[1.0]], [1.0], [0]), {}, r"`quality` must have one dimension.* got shape \(1, 1\)"),
        (
            ([1.0], [1.0], [0]),
            {"mode": "product"},
            "`mode` must be one of multiplicative, additive, normalized_additive, quality; got 'product'",
        ),
        (([1.0], [1.0], [0]), {"shift": "min"}, "`shift` must be one of none, group_min; got 'min'"),
        (([1.0], [1.0], [0]), {"weight": float("nan")}, "`weight` must be a finite number, got nan"),
    ],
)
def test_wrong_arguments_are_named(arguments, options, message):
    with pytest.raises(InputError, match=message):
        fuse_rewards(*arguments, **options)
