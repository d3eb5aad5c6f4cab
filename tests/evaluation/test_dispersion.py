import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.evaluation import cosine_kernel, mean_cosine_distance, vendi_score

RIGHT, UP, LEFT = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def random_vectors(n, dimensions=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dimensions))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (np.eye(4), 4),  # nothing in common
        (np.ones((4, 4)), 1),  # all the same
        ([[1]], 1),
        (np.kron(np.eye(3), np.ones((2, 2))), 3),  # three classes of two
        # λ = 2/3 and 1/3: exp(2/3 log 3/2 + 1/3 log 3) = 3 / 2^(2/3)
        ([[1, 1, 0], [1, 1, 0], [0, 0, 1]], 3 / 2 ** (2 / 3)),
        # λ = 3/4 and 1/4: exp(3/4 log 4/3 + 1/4 log 4) = 4 / 3^(3/4)
        ([[1, 0.5], [0.5, 1]], 4 / 3**0.75),
    ],
)
def test_vendi_score_worked_by_hand(kernel, expected):
    assert vendi_score(kernel) == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_vendi_score_of_single_precision_and_fewer_dimensions_than_items(n):
    kernel = cosine_kernel(random_vectors(n)).astype(np.float32)
    assert 1 < vendi_score(kernel) <= min(n, 5) + 1e-3  # no more than the rank


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 50))
def test_vendi_score_does_not_see_copies_of_everything_or_the_order(n, seed):
    vectors = random_vectors(n, seed=seed)
    once = vendi_score(cosine_kernel(vectors))
    assert vendi_score(cosine_kernel(np.tile(vectors, (3, 1)))) == pytest.approx(once)
    assert vendi_score(cosine_kernel(vectors[::-1])) == pytest.approx(once)


@pytest.mark.filterwarnings("ignore:Please import `csr_matrix`:DeprecationWarning")  # vendi-score 0.0.3
def test_vendi_score_agrees_with_the_authors_package():
    theirs = pytest.importorskip("vendi_score.vendi", reason="the authors' package vendi-score is not installed")
    kernel = cosine_kernel(random_vectors(8))
    assert vendi_score(kernel) == pytest.approx(theirs.score_K(kernel))


@pytest.mark.parametrize(
    ("embeddings", "expected"),
    [
        ([RIGHT, RIGHT, [5.0, 0.0]], 0),  # one direction; length does not count
        ([RIGHT, UP], 1),
        ([RIGHT, LEFT], 2),
        ([RIGHT, UP, LEFT], (1 + 2 + 1) / 3),
        ([RIGHT, [1.0, 1.0]], 1 - 1 / 2**0.5),
    ],
)
def test_mean_cosine_distance_worked_by_hand(embeddings, expected):
    assert mean_cosine_distance(embeddings) == pytest.approx(expected)


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(0, 50))
def test_mean_cosine_distance_is_the_mean_over_pairs(n, seed):
    vectors = random_vectors(n, seed=seed)
    upper = np.triu_indices(n, k=1)
    assert mean_cosine_distance(vectors) == pytest.approx((1 - cosine_kernel(vectors)[upper]).mean())


def test_cosine_kernel():
    assert cosine_kernel([RIGHT, UP, [-2.0, 0.0]]).tolist() == [[1, 0, -1], [0, 1, 0], [-1, 0, 1]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vendi_score([[1, 0]]), r"`kernel` must be square, .* got shape \(1, 2\)"),
        (lambda: vendi_score([[2, 0], [0, 2]]), "`kernel` must have ones on its diagonal"),
        (lambda: vendi_score([[1, 0.5], [0, 1]]), "`kernel` must be symmetric"),
        # 1 ~ 2 and 2 ~ 3 but not 1 ~ 3: eigenvalues 1 ± √2 and 1
        (lambda: vendi_score([[1, 1, 0], [1, 1, 1], [0, 1, 1]]), "positive semi-definite, got an eigenvalue of -0.414"),
        (lambda: vendi_score([]), "`kernel` must have two dimensions and at least one row"),
        (lambda: vendi_score([[np.nan]]), "`kernel` must be finite, got NaN or infinity in 1 places"),
        (lambda: mean_cosine_distance([RIGHT]), "at least two vectors to compare, got 1"),
        (lambda: mean_cosine_distance([RIGHT, [0.0, 0.0]]), r"`embeddings\[1\]` is a zero vector"),
        (lambda: cosine_kernel(RIGHT), r"`embeddings` must have two dimensions .* got shape \(2,\)"),
        (lambda: cosine_kernel([RIGHT, [1.0]]), "`embeddings` must be a matrix of numbers"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
