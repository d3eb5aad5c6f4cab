"""Ratings of several models from an LLM judge's pairwise verdicts: Bradley–Terry on the scale of Elo.

    P(i beats j) = 1 / (1 + 10^((R_j − R_i) / 400))

The ratings maximize the likelihood of all votes (Bradley and Terry 1952; a tie is half a win for each), as in Chatbot
Arena (Chiang et al. 2024, arXiv 2403.04132). A clear win counts as three votes, as in Arena-Hard; EQ-Bench weighs the
margin too, but rates with Glicko-2, which depends on the order of the matches, and anchors two models of its own
leaderboard. Figures are therefore comparable with each other, not with that leaderboard.

One draw is added for each pair that met, which keeps the rating of a model that won everything finite: 30 of 40 votes
count as 30.5 of 41. All draws: equal ratings. Intervals resample prompts. Models that are
connected by no chain of comparisons have no common scale: an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.evaluation.intervals import Interval, batch_rows

SCALE = 400 / log(10)
RESAMPLES = 1000
STEPS = 200  # of Newton's method; about ten are usual
FARTHEST = 2.0  # a step in the logarithm of the odds
CLOSE = 1e-10


def elo_ratings(
    votes: np.ndarray,
    names: Sequence[str],
    *,
    anchor: int = 0,
    at: float = 1500.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Interval]:
    """Each model's rating, where model `anchor` has `at`, and its percentile bootstrap interval over prompts.

    Args:
        votes: votes[p, i, j] that i won against j on prompt p, a tie half a vote for each; (prompts, models, models).
        names: of the models, for errors.
        anchor: whose rating is `at`; its interval has no width.
    """
    met = (votes + votes.transpose(0, 2, 1)).sum(0) > 0
    _check_connected(met, names)
    prompts, models, _ = votes.shape

    def rated(games: np.ndarray) -> np.ndarray:
        ratings = SCALE * fit(games + met / 2)
        return ratings - ratings[:, anchor : anchor + 1] + at

    means = rated(votes.sum(0)[None])[0]
    if prompts < 2:
        return [Interval(float(mean), None, None, prompts, confidence) for mean in means]
    rng = np.random.default_rng(seed)
    drawn: list[np.ndarray] = []
    flat = votes.reshape(prompts, -1)
    for start in range(0, RESAMPLES, batch_rows(prompts)):
        size = min(batch_rows(prompts), RESAMPLES - start)
        times = rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=size).astype(np.float64)
        drawn.append(rated((times @ flat).reshape(size, models, models)))
    low, high = np.quantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return [
        Interval(float(mean), float(least), float(most), prompts, confidence)
        for mean, least, most in zip(means, low, high, strict=True)
    ]


def fit(games: np.ndarray) -> np.ndarray:
    """θ of each model, with mean 0, for each table of votes: shape (tables, models, models) → (tables, models).

    Newton's method on the concave log likelihood Σ votes[i, j] · log σ(θ_i − θ_j).
    """
    played = games + games.transpose(0, 2, 1)
    theta: np.ndarray = np.zeros(games.shape[:2])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(theta[:, None, :] - theta[:, :, None]))
        gradient = (games - played * p).sum(2)
        curve = played * p * (1 - p)
        hessian = curve.sum(2)[:, :, None] * np.eye(theta.shape[1]) - curve
        step = np.linalg.solve(hessian + 1, gradient[:, :, None])[:, :, 0]  # + 1: the mean, which is free, stays 0
        theta += np.clip(step, -FARTHEST, FARTHEST)
        if np.abs(step).max() < CLOSE:
            break
    return theta - theta.mean(1, keepdims=True)


def _check_connected(met: np.ndarray, names: Sequence[str]) -> None:
    reached = {0}
    while more := {int(j) for i in reached for j in np.flatnonzero(met[i])} - reached:
        reached |= more
    apart = [name for number, name in enumerate(names) if number not in reached]
    if apart:
        raise InputError(
            f"{', '.join(apart)}: not connected with {names[0]} by comparisons; evaluate all against one --baseline"
        )
