"""A classifier on this machine: `classifier_tokens_per_second`, and the time of a verdict from its outputs."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.core.partition import find_partition

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.decision import Front


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
    """Microseconds of a verdict in a partition of distinct texts, once the model has read them."""


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
    reads = front.card.max_tokens * (2 if front.card.kind == "cross-encoder" else 1)
    clock = time.process_time if device == "cpu" else time.perf_counter
    rates, verdicts = [], []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        forward = load_forward(model, device=device)
        for run in range(runs + 1):
            group = [text_of(run, number, reads) for number in range(texts)]
            items = front.items(list(itertools.combinations(group, 2)))
            start = clock()
            found = forward(items[:texts])
            rates.append(len(found) * reads / (clock() - start))
            rows = dict(zip(items, itertools.cycle(found)))  # of pairs, as many as were read, again and again
            start = time.process_time()
            asked = find_partition(group, [0] * texts, partial(_judge, front, rows), threshold=1.0).scored
            verdicts.append(1e6 * (time.process_time() - start) / asked)
    finally:
        torch.set_num_threads(threads)
    counted = tuple(rates[1:])
    microseconds = statistics.median(verdicts[1:])
    return Measured(model, front.card.kind, device, reads, statistics.median(counted), counted, microseconds)


def _judge(front: Front, rows: Mapping[Any, np.ndarray], pairs: list[tuple[str, str]]) -> np.ndarray:
    return front.probabilities(pairs, rows)


def text_of(run: int, number: int, reads: int) -> str:
    return f"{run} {number} " + "the number of apples in each box is a prime " * (1 + reads // 10)
