"""A classifier on this machine: `classifier_tokens_per_second`, and the time of a pair, given its outputs."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.core.partition import find_partition
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.tools.plan.hook import HookCost, fit

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.decision import Front

WORDS = 6000  # of a response of 8,000 tokens


@dataclass(frozen=True)
class Measured:
    """Medians over the runs."""

    model: str
    kind: str
    device: str
    reads: int
    """Tokens of a response, or of a pair."""
    tokens_per_second: float
    runs: tuple[float, ...]
    """Tokens per second of each run."""
    verdict_us: float
    """Microseconds of one core per pair, once the model has read it."""
    response_us: float
    """Microseconds of one core for each response beside that; 0 for a model that reads pairs."""


def measure(model: str = "default", *, device: str = "cpu", texts: int = 64, runs: int = 5) -> Measured:
    """Time forward passes over so many texts (or pairs of two) that fill what the model reads, then their partition.

    On a CPU with one thread and by the time that it worked, so that the rate is that of one core, busy or not; on an
    accelerator by the clock. Texts are new in every run, and a first run is not counted. Raises `ConfigError` for a
    model that cannot be loaded.

    Args:
        model: as `darling.similarity.model` names it.
        device: as torch names it.
    """
    from darling_plugin.similarity.classifier.scorer import load_forward, open_front
    from darling_plugin.similarity.packaged import require

    require("torch")
    import torch

    front = open_front(model)
    pairs = front.reads == "pairs"
    reads = front.card.tokens_read * (2 if pairs else 1)
    clock = time.process_time if device == "cpu" else time.perf_counter
    rates, pair_seconds = [], []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        forward = load_forward(model, device=device)
        for run in range(runs + 1):
            group = [text_of(run * texts + number, max(WORDS, reads)) for number in range(texts)]
            items = front.items(list(itertools.combinations(group, 2)))
            start = clock()
            found = forward(items[:texts])
            rates.append(len(found) * reads / (clock() - start))
            rows = dict(zip(items, itertools.cycle(found)))  # of pairs, as many as were read, again and again
            start = time.process_time()
            asked = find_partition(group, [0] * texts, partial(_score, front, rows), threshold=1.0).scored
            pair_seconds.append((time.process_time() - start) / asked)
        cost = HookCost(0.0, statistics.median(pair_seconds[1:])) if pairs else _hook_cost()
    finally:
        torch.set_num_threads(threads)
    counted = tuple(rates[1:])
    return Measured(
        model=model,
        kind=front.card.kind,
        device=device,
        reads=reads,
        tokens_per_second=statistics.median(counted),
        runs=counted,
        verdict_us=1e6 * cost.pair_s,
        response_us=1e6 * cost.response_s,
    )


def _hook_cost() -> HookCost:
    """Of the shipped classifier: others that read responses one by one differ in the size of their vectors only."""
    few = [[text_of(8 * group + k, WORDS) for k in range(8)] for group in range(32)]
    many = [[text_of(1000 + 64 * group + k, WORDS) for k in range(64)] for group in range(4)]
    return fit(few, many)


def _score(front: Front, rows: Mapping[Any, np.ndarray], pairs: list[tuple[str, str]]) -> np.ndarray:
    return front.probabilities(pairs, rows)


def text_of(seed: int, words: int) -> str:
    """So many words as the shipped classifier's table counts them: frequent ones often, rare ones now and then."""
    counts = _table()
    return " ".join(random.Random(seed).choices(list(counts), list(counts.values()), k=words))


@cache
def _table() -> Mapping[str, int]:
    return Reader.load(DEFAULT_FOLDER).counts
