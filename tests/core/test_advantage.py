import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin import fuse_rewards, group_advantages
from darling_plugin.errors import InputError


def test_rewards_above_the_mean_of_their_group():
    # p: 1, 0, 0.5 with mean 0.5. q: 3, 1 with mean 2. Rows interleaved.
    assert group_advantages([1, 3, 0, 1, 0.5], list("pqpqp")).tolist() == [0.5, 1, -0.5, -1, 0]


def test_divided_by_the_standard_deviation_on_request():
    # 1, 2, 3: mean 2, std with n − 1 = 1.
    np.testing.assert_allclose(group_advantages([1, 2, 3], [0, 0, 0], normalize_by_std=True), [-1, 0, 1], atol=1e-5)


@pytest.mark.parametrize("by_std", [False, True])
def test_no_signal_gives_exactly_nothing(by_std):
    # A mean of three times 0.1 is not 0.1 in floating point: no rounding may be left.
    assert group_advantages([0.1, 0.1, 0.1, 7.0], [0, 0, 0, 1], normalize_by_std=by_std).tolist() == [0, 0, 0, 0]
    assert group_advantages([], [], normalize_by_std=by_std).shape == (0,)


rewards_and_uid = st.lists(st.tuples(st.floats(-10, 10), st.integers(0, 3)), min_size=1, max_size=20)


@given(rewards_and_uid, st.sampled_from([0.1, 0.5, 1.0]))
def test_equal_diversity_is_grpo_without_std(rows, d):
    quality, uid = [q for q, _ in rows], [u for _, u in rows]
    # GRPO written out: each reward less the plain mean of its group.
    grpo = np.array([q - np.mean([p for p, v in rows if v == u]) for q, u in rows])
    diversity = [d] * len(rows)
    product = group_advantages(fuse_rewards(quality, diversity, uid), uid)
    np.testing.assert_allclose(product, d * grpo, atol=1e-9)
    for mode in ("additive", "quality"):
        rewards = fuse_rewards(quality, diversity, uid, mode=mode)
        np.testing.assert_allclose(group_advantages(rewards, uid), grpo, atol=1e-9)


@given(rewards_and_uid, st.randoms(use_true_random=False))
def test_shuffling_the_batch_shuffles_the_advantages(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    rewards, uid = np.array([r for r, _ in rows]), np.array([u for _, u in rows])
    np.testing.assert_allclose(
        group_advantages(rewards, uid)[order], group_advantages(rewards[order], uid[order]), atol=1e-9
    )


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [0, 0]), {}, "`rewards` has 1 entries and `uid` has 2"),
        (([float("-inf")], [0]), {}, r"`rewards\[0\]` must be a finite number, got -inf"),
        (([1.0], [0]), {"normalize_by_std": 1}, "`normalize_by_std` must be True or False, got 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, options, message):
    with pytest.raises(InputError, match=message):
        group_advantages(*arguments, **options)
