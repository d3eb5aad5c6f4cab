"""The win rate that would be seen if both responses were equally long.

    logit P(the model's wins) = θ + φ · tanh(d / sd(d)),    d: characters of the model's − of the baseline's
    length-controlled win rate = 1 / (1 + e^−θ)

The regression of length-controlled AlpacaEval (Dubois et al. 2024, "Length-Controlled AlpacaEval: A Simple Way to
Debias Automatic Evaluators", arXiv 2404.04475; `glm_winrate.py` of github.com/tatsu-lab/alpaca_eval), fitted to win
rates in [0, 1] of both orders. What differs, as it needs that benchmark's own leaderboard: there is no term for the
difficulty of each prompt, which was learned from all models on it, and no answers written to be long or short join
the fit. Instead of choosing an L1 penalty by cross-validation, the penalty is (θ² + φ²) / (2 · 100), which is what
keeps θ finite where every response wins: figures come near to AlpacaEval's, and are not AlpacaEval's.

All of one length: the win rate itself, as near as the penalty lets it come.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darling_plugin.evaluation.intervals import Interval, batch_rows

C = 100.0  # scikit-learn's name for the inverse of the penalty; AlpacaEval's value where it does not cross-validate
RESAMPLES = 1000  # of fits
STEPS = 50  # of Newton's method; fewer than ten are usual
CLOSE = 1e-9


def length_controlled(
    win_rates: Sequence[float],
    longer: Sequence[int],
    prompts: Sequence[int],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The length-controlled win rate, with the percentile bootstrap over prompts.

    Args:
        win_rates: of each pair, in [0, 1].
        longer: d of each pair, in characters.
        prompts: the number, 0 …, of the prompt of each pair.
    """
    y, x = np.asarray(win_rates, dtype=np.float64), _feature(longer)
    rate = float(_logistic(fit(x, y, np.ones((1, len(y))))[0, 0]))
    number = np.asarray(prompts)
    n = int(number.max()) + 1
    if n < 2:
        return Interval(rate, None, None, n, confidence)
    rng = np.random.default_rng(seed)
    rates: list[np.ndarray] = []
    for start in range(0, resamples, batch_rows(len(y))):
        size = min(batch_rows(len(y)), resamples - start)
        times_drawn = rng.multinomial(n, np.full(n, 1 / n), size=size)
        rates.append(_logistic(fit(x, y, times_drawn[:, number].astype(np.float64))[:, 0]))
    low, high = np.quantile(np.concatenate(rates), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(rate, float(low), float(high), n, confidence)


def fit(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """result[r] = (θ, φ) of the pairs with weights[r], shape (fits, 2), by Newton's method.

    Minimizes Σ w · log loss(y, θ + φ x) + (θ² + φ²) / (2 C), which is strictly convex. A step that would not lower it
    is halved.
    """
    beta = np.zeros((len(weights), 2))
    loss = _loss(beta, x, y, weights)
    for _ in range(STEPS):
        p = _logistic(beta[:, :1] + beta[:, 1:] * x)
        slope = weights * (p - y)
        gradient = np.stack([slope.sum(1), slope @ x], axis=1) + beta / C
        curve = weights * p * (1 - p)
        a, b, d = curve.sum(1) + 1 / C, curve @ x, curve @ x**2 + 1 / C
        step = np.stack([d * gradient[:, 0] - b * gradient[:, 1], a * gradient[:, 1] - b * gradient[:, 0]], axis=1)
        step /= (a * d - b * b)[:, None]
        size = np.ones(len(beta))
        while True:
            tried = beta - size[:, None] * step
            new = _loss(tried, x, y, weights)
            worse = new > loss + CLOSE
            if not worse.any():
                break
            size[worse] /= 2
        beta, loss = tried, new
        if np.abs(step).max() < CLOSE:
            break
    return beta


def _loss(beta: np.ndarray, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    logit = beta[:, :1] + beta[:, 1:] * x
    return (weights * (np.logaddexp(0, logit) - y * logit)).sum(1) + (beta**2).sum(1) / (2 * C)


def _feature(longer: Sequence[int]) -> np.ndarray:
    d = np.asarray(longer, dtype=np.float64)
    spread = d.std(ddof=1) if len(d) > 1 else 0.0
    return np.tanh(d / spread) if spread > 0 else np.zeros(len(d))


def _logistic(z):
    return np.exp(-np.logaddexp(0, -z))
