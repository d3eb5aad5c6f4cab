"""How far responses lie apart in an embedding space: no threshold and no classes.

`embeddings[i]` is the vector of response i, shape (n, dimensions); a zero vector has no direction and is refused.
"""

from collections.abc import Sequence

import numpy as np

from darling_plugin.errors import InputError

TOLERANCE = 1e-4  # what single precision leaves of a symmetric kernel with ones on its diagonal


def vendi_score(kernel: Sequence[Sequence[float]] | np.ndarray) -> float:
    """Vendi score: the effective number of different items, from 1 to n.

        exp(−Σ λ_i log λ_i),  λ the eigenvalues of kernel / n, 0 log 0 = 0

    Friedman & Dieng 2023 (arXiv 2210.02410). All the same (a kernel of ones): 1. Nothing in common (the identity): n.
    Classes of equal size c, similarity 1 inside and 0 outside: the number of classes. One item: 1.

    Args:
        kernel: kernel[i][j] = similarity of items i and j, shape (n, n): symmetric, positive semi-definite, ones on
            the diagonal. Of embeddings: `cosine_kernel`. Verdicts that are not transitive are no such kernel.

    Example:
        >>> vendi_score([[1, 1, 0], [1, 1, 0], [0, 0, 1]])  # λ = 2/3, 1/3: 3 / 2^(2/3)
        1.8898815748423097
    """
    matrix = _matrix("kernel", kernel)
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"`kernel` must be square, one row and one column per item; got shape {matrix.shape}")
    if not np.allclose(np.diagonal(matrix), 1, rtol=0, atol=TOLERANCE):
        raise InputError(
            f"`kernel` must have ones on its diagonal, got {np.diagonal(matrix)}; divide kernel[i][j] by "
            "sqrt(kernel[i][i] · kernel[j][j])"
        )
    if not np.allclose(matrix, matrix.T, rtol=0, atol=TOLERANCE):
        raise InputError("`kernel` must be symmetric; give (kernel + kernel.T) / 2 if both halves are right")
    eigenvalues = np.linalg.eigvalsh((matrix + matrix.T) / 2) / len(matrix)
    if eigenvalues.min() < -TOLERANCE:
        raise InputError(
            f"`kernel` must be positive semi-definite, got an eigenvalue of {eigenvalues.min() * len(matrix):g}; the "
            "Vendi score is not defined for it; use the cosines of embeddings"
        )
    positive = eigenvalues[eigenvalues > 0]
    positive = positive / positive.sum()
    return float(np.exp(-(positive * np.log(positive)).sum()))


def cosine_kernel(embeddings: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    """kernel[i, j] = cosine of the embeddings of i and j, shape (n, n)."""
    unit = _unit(embeddings)
    return unit @ unit.T


def mean_cosine_distance(embeddings: Sequence[Sequence[float]] | np.ndarray) -> float:
    """Mean of 1 − cos over all pairs, in [0, 2]: 0 where all point one way, 1 where all are orthogonal.

        2 / (n (n − 1)) · Σ over i < j of (1 − cos(i, j)) = (n² − ‖Σ u_i‖²) / (n (n − 1)),  u_i = e_i / ‖e_i‖

    The embedding-based diversity of Tevet & Berant 2021 (arXiv 2004.02990). At least two embeddings are needed.
    """
    unit = _unit(embeddings)
    n = len(unit)
    if n < 2:
        raise InputError(f"`embeddings` must hold at least two vectors to compare, got {n}")
    total = unit.sum(axis=0)
    return float(np.clip((n**2 - total @ total) / (n * (n - 1)), 0.0, 2.0))


def _unit(embeddings: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    vectors = _matrix("embeddings", embeddings)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(f"`embeddings[{int(np.argmin(lengths))}]` is a zero vector: it has no direction; leave it out")
    return vectors / lengths


def _matrix(name: str, values: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"`{name}` must be a matrix of numbers: {error}") from error
    if array.ndim != 2 or not array.size:
        raise InputError(f"`{name}` must have two dimensions and at least one row, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"`{name}` must be finite, got NaN or infinity in {int((~np.isfinite(array)).sum())} places")
    return array
