"""How the authors ask: every pair of a group, one request each, 32 at once (facebookresearch/darling).

Connections are kept open, which their code does not do: the comparison should not be about that.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import httpx
import numpy as np

CLIENTS = 32


def every_pair(texts: Sequence[str]) -> list[tuple[str, str]]:
    """All pairs of a group, copies too, in the one order in which the classifier is asked."""
    return [(min(pair), max(pair)) for pair in combinations(texts, 2)]


def ask_one_by_one(url: str, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """The model's output for each pair, shape (len(pairs),)."""

    def ask(pair: tuple[str, str]) -> float:
        body = {"text_1": pair[0], "text_2": pair[1], "use_activation": False}
        answer = client.post("/score", json=body)
        answer.raise_for_status()
        return float(answer.json()["data"][0]["score"])

    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    # A server closes what was idle for five seconds.
    transport = httpx.HTTPTransport(limits=limits, retries=2)
    with (
        httpx.Client(base_url=url, timeout=120, trust_env=False, transport=transport) as client,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        return np.array(list(threads.map(ask, pairs)))
