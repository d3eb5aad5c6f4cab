import numpy as np
import pytest

from darling_plugin import partition_diversity
from darling_plugin.errors import InputError


@pytest.mark.parametrize(
    ("labels", "expected", "why"),
    [
        ([0, 0, 1, 2], [2 / 3, 2 / 3, 1, 1], "n = 4: (4 − 2)/3 for the pair, (4 − 1)/3 for those alone"),
        ([0, 0, 0], [0.1, 0.1, 0.1], "all equivalent: 0, raised to the floor"),
        ([0, 1, 2], [1, 1, 1], "all distinct"),
        ([0], [1], "a group of one has nothing to be compared with"),
        ([-1, 0, 1, 0], [0.1, 0.5, 1, 0.5], "the left-out row does not count: n = 3, (3 − 2)/2 and (3 − 1)/2"),
        ([-1, 0, -1], [0.1, 1, 0.1], "one row is left: alone"),
        ([-1, -1], [0.1, 0.1], "all left out"),
        ([], [], "an empty batch"),
    ],
)
def test_one_group(labels, expected, why):
    np.testing.assert_allclose(partition_diversity(labels, ["p"] * len(labels)), expected, err_msg=why)


def test_groups_do_not_mix():
    # p: labels 0, 0 → the floor. q: labels 0, 1 → 1.
    assert partition_diversity([0, 0, 0, 1], ["p", "q", "p", "q"]).tolist() == [0.1, 1, 0.1, 1]


def test_floor_and_alone():
    assert partition_diversity([0, 0, 0, 0], [0, 0, 1, 2], floor=0.0, singleton=0.3).tolist() == [0, 0, 0.3, 0.3]
    assert partition_diversity([0], [0], floor=0.5, singleton=0.1).tolist() == [0.5], "nothing is below the floor"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0]), {}, "`labels` has 2 entries and `uid` has 1"),
        (([0.0], [0]), {}, r"`labels` must be whole numbers of shape \(1,\), got float64"),
        (([[0]], [0]), {}, r"`labels` .* got int64 of shape \(1, 1\)"),
        (([0, -2], [0, 0]), {}, r"`labels\[1\]` must be −1 \(left out\) or a class number of at least 0, got -2"),
        (([0], [0]), {"floor": -0.1}, r"`floor` must be in \[0, 1\], got -0.1"),
        (([0], [0]), {"floor": True}, "`floor` must be a finite number, got True"),
        (([0], [0]), {"singleton": 2}, r"`singleton` must be in \[0, 1\], got 2"),
    ],
)
def test_wrong_arguments_are_named(arguments, options, message):
    with pytest.raises(InputError, match=message):
        partition_diversity(*arguments, **options)
