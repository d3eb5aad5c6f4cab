"""What a policy does with categories: how often it is right, in how many kinds, and in how many wordings.

Every metric follows from the answers of each prompt: which kind each right response names, and which have one wording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.kinds.task import Category, verify
from recipes.countdown.experiment.streams import torch_stream
from recipes.kinds.engine import Engine
from recipes.kinds.policy import Policy
from recipes.kinds.warmstart import LONGEST

ROWS = 512  # responses sampled at once


@dataclass(frozen=True)
class Measured:
    """Of the `samples` responses to prompt i: solved[i], how many named each kind that is right, most first;
    worded[i], how many of the right ones there were of each wording, most first.

    entropy: of the next token, nats, mean over the tokens of the responses. words: of a response, mean.
    """

    solved: list[list[int]]
    worded: list[list[int]]
    samples: int
    entropy: float
    words: float

    def pass_at(self, k: int) -> np.ndarray:
        """pass@k of each prompt."""
        return np.asarray(pass_at_k(self.samples, [sum(sizes) for sizes in self.solved], k))

    def kinds_at(self, k: int) -> np.ndarray:
        """Expected number of different right kinds among k samples, of each prompt."""
        return self._different(self.solved, k)

    def wordings_at(self, k: int) -> np.ndarray:
        """Expected number of different right responses among k samples, of each prompt."""
        return self._different(self.worded, k)

    def _different(self, sizes: Sequence[Sequence[int]], k: int) -> np.ndarray:
        table = np.asarray(pass_at_k(self.samples, np.arange(self.samples + 1), k))
        return np.array([table[list(own)].sum() if own else 0.0 for own in sizes])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


METRICS: dict[str, Callable[[Measured], np.ndarray]] = {
    "pass@1": lambda measured: measured.pass_at(1),
    "pass@16": lambda measured: measured.pass_at(16),
    "kinds@16": lambda measured: measured.kinds_at(16),
    "wordings@16": lambda measured: measured.wordings_at(16),
}
"""Each from one measurement to one number per prompt."""


def kinds_per_wording(measured: Measured) -> float:
    """Σ kinds@16 / Σ wordings@16 over the prompts: different kinds per different right response; 0 with none right."""
    wordings = float(measured.wordings_at(16).sum())
    return float(measured.kinds_at(16).sum()) / wordings if wordings else 0.0


OF_RUNS: dict[str, Callable[[Measured], float]] = {
    "kinds_per_wording": kinds_per_wording,
    "entropy": lambda measured: measured.entropy,
}
"""What a measurement has one of."""


def measure(
    policy: Policy, categories: Sequence[Category], samples: int, name: str, temperature: float = 1.0
) -> Measured:
    """Sample and score exactly; `name` chooses the random numbers, the same for all policies."""
    responses, entropy, tokens = sample_all(policy, categories, samples, name, temperature)
    found = [count(category, own) for category, own in zip(categories, responses, strict=True)]
    words = [len(text.split()) for own in responses for text in own]
    return Measured([kinds for kinds, _ in found], [wordings for _, wordings in found], samples,
                    entropy / tokens, float(np.mean(words)))  # fmt: skip


def count(category: Category, responses: Sequence[str]) -> tuple[list[int], list[int]]:
    """Sizes of the kinds and of the wordings among the right responses, each most first."""
    right = [(kind, " ".join(text.split())) for text in responses if (kind := verify(category, text)) is not None]
    kinds, wordings = Counter(kind for kind, _ in right), Counter(text for _, text in right)
    return sorted(kinds.values(), reverse=True), sorted(wordings.values(), reverse=True)


def sample_all(
    policy: Policy, categories: Sequence[Category], samples: int, name: str, temperature: float = 1.0
) -> tuple[list[list[str]], float, float]:
    """(result[i][j]: response j to category i; the sum of the entropies of their tokens; the number of these)."""
    generator = torch_stream("kinds measure", name)
    engine: Engine = policy.engine
    texts: list[list[str]] = []
    entropy = tokens = 0.0
    size = max(1, ROWS // samples)
    for start in range(0, len(categories), size):
        batch = categories[start : start + size]
        sampled = engine.sample(policy.prompts(batch), samples, LONGEST, generator, temperature)
        own = policy.decode(sampled.tokens)
        texts += [own[i * samples : (i + 1) * samples] for i in range(len(batch))]
        mask = policy.written(sampled.tokens)
        entropy += float(sampled.entropy[mask].sum())
        tokens += float(mask.sum())
    return texts, entropy, tokens
