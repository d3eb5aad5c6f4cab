"""Entropy of the next token, in nats (Shannon 1948), where an engine gives log-probabilities. exp(H) is the effective
number of choices. A policy that has collapsed has an entropy near 0.
"""

from collections.abc import Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.errors import InputError

TOLERANCE = 1e-3  # of a sum of probabilities in single precision over a large vocabulary


def token_entropy(logprobs: Sequence[Sequence[float]] | np.ndarray, *, top_k_only: bool = False) -> np.ndarray:
    """H of each position, shape (positions,), from the log-probabilities of the tokens that may come there.

        H_t = −Σ over v of p_tv log p_tv,  0 log 0 = 0

    One certain token gives 0, V equally likely ones log V.

    Args:
        logprobs: logprobs[t][v] = natural log P(token v at position t), shape (positions, V); −inf is P = 0. The
            probabilities of a position must sum to 1.
        top_k_only: the rows hold the likeliest tokens alone, as serving engines return them. What is missing of 1 then
            counts as one token more: a lower bound of H, exact where nothing is missing (splitting a choice further
            only adds entropy).

    Example:
        >>> token_entropy([[-0.6931471805599453, -0.6931471805599453]])  # log 2
        array([0.69314718])
    """
    logs = np.asarray(logprobs, dtype=np.float64)
    top_k_only = checks.flag("top_k_only", top_k_only)
    if logs.ndim != 2:
        raise InputError(f"`logprobs` must have the shape (positions, tokens), got {logs.shape}")
    if np.isnan(logs).any() or (logs > TOLERANCE).any():
        raise InputError(
            "`logprobs` must be natural logs of probabilities: at most 0, not NaN; apply log_softmax first"
        )
    p = np.exp(logs)
    missing = 1 - p.sum(axis=1)
    wrong = missing < -TOLERANCE if top_k_only else np.abs(missing) > TOLERANCE
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"the probabilities of `logprobs[{row}]` must sum to {'at most ' if top_k_only else ''}1, got "
            f"{1 - missing[row]:.4g}; apply log_softmax first, or set top_k_only=True where tokens were left out"
        )
    entropy = -np.where(p > 0, p * np.where(p > 0, logs, 0.0), 0.0).sum(axis=1)
    if top_k_only:
        rest = np.clip(missing, 0.0, None)
        entropy -= np.where(rest > 0, rest * np.log(np.where(rest > 0, rest, 1.0)), 0.0)
    return np.maximum(entropy, 0.0)


def sampled_entropy(logprobs: Sequence[float] | np.ndarray) -> float:
    """Mean of −log P(token) over the tokens that were sampled: an estimate of the mean H, in nats per token.

        H = E over v ~ p of −log p_v,  so the mean over samples is unbiased

    It holds for tokens drawn from the very distribution whose log-probabilities these are (temperature 1, no top-p or
    top-k; else it is a cross-entropy), weighted as the policy comes to them. Noisy for one response: take all tokens
    of many. Certain tokens give 0.

    Args:
        logprobs: natural log P(the sampled token), one per token, without padding, shape (tokens,), tokens ≥ 1.
    """
    logs = checks.numbers("logprobs", logprobs)
    if not len(logs) or logs.max() > TOLERANCE:
        got = f"{logs.max():g} at token {int(logs.argmax())}" if len(logs) else "no token"
        raise InputError(f"`logprobs` must hold the natural log of a probability, at most 0, of each token; got {got}")
    return max(-float(logs.mean()), 0.0)
