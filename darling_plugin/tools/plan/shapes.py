"""The job: prompts × responses, how long they are, and which of them are equivalent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from darling_plugin.core.partition import find_partition

Composition = Literal["collapsed", "mixed", "distinct"]
COMPOSITIONS: tuple[Composition, ...] = get_args(Composition)


@dataclass(frozen=True)
class Job:
    """One training step. Lengths are lognormal with this median, of any two responses independent, cut at the most.

    Args:
        prompts: verl's data.train_batch_size.
        responses: to each prompt, verl's rollout.n.
        most_tokens: of a response, verl's data.max_response_length.
        median_tokens: of a response.
        sigma: standard deviation of the logarithm of the length; 0 makes all as long as the median.
    """

    prompts: int = 256
    responses: int = 8
    most_tokens: int = 8192
    median_tokens: float = 2048.0
    sigma: float = 0.9


@dataclass(frozen=True)
class Drawn:
    """A step that a seed has drawn."""

    lengths: np.ndarray
    """lengths[g, i] = tokens of response i to prompt g, shape (prompts, responses), at least 1."""
    labels: np.ndarray
    """labels[g, i] = its class within the group, the same shape."""

    @property
    def verdicts(self) -> int:
        """The fewest pairs that exact partitions score: across classes all of them, and size − 1 in each class."""
        groups, n = self.labels.shape
        sizes = np.zeros((groups, n), dtype=np.int64)
        np.add.at(sizes, (np.arange(groups)[:, None], self.labels), 1)
        within = int((sizes * (sizes - 1) // 2).sum())
        return groups * n * (n - 1) // 2 - within + int((sizes[sizes > 0] - 1).sum())


def class_sizes(composition: Composition, responses: int) -> list[int]:
    """collapsed: all in one class; distinct: each alone; mixed: one class of half of them (rounded up), the rest alone.

    One response is one class in each.
    """
    if composition == "collapsed":
        return [responses]
    if composition == "distinct":
        return [1] * responses
    half = (responses + 1) // 2
    return [half] + [1] * (responses - half)


def draw_step(job: Job, composition: Composition, seed: int) -> Drawn:
    """Lengths and classes. A seed gives the same lengths for every composition."""
    shape = (job.prompts, job.responses)
    normal = np.random.default_rng([seed, 0]).standard_normal(shape)
    lengths = np.clip(np.rint(job.median_tokens * np.exp(job.sigma * normal)), 1, job.most_tokens).astype(np.int64)
    return Drawn(lengths, draw_labels(shape, composition, seed))


def draw_labels(shape: tuple[int, int], composition: Composition, seed: int) -> np.ndarray:
    """Classes, shuffled in each group: labels[g, i], of this shape."""
    groups, responses = shape
    sizes = class_sizes(composition, responses)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng([seed, 1]).permuted(np.tile(labels, (groups, 1)), axis=1)


def exact_verdicts(composition: Composition, responses: int) -> int:
    """Pairs that the exact partition scores for one such group when all its responses are there, by running it."""
    sizes = class_sizes(composition, responses)
    texts = [f"{label} {copy}" for label, size in enumerate(sizes) for copy in range(size)]

    def oracle(pairs: list[tuple[str, str]]) -> list[float]:
        return [float(a.split()[0] == b.split()[0]) for a, b in pairs]

    return find_partition(texts, [0] * len(texts), oracle, short_text_rule=False).scored
