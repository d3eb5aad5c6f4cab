"""What a policy does with prompts: how often it is right, in how many ways, and how sure it is of its next token.

The sizes of the classes of right responses are kept, prompt by prompt: every metric follows from them, and so do
intervals over prompts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.task import verify
from recipes.countdown.evaluate import ROWS
from recipes.countdown.experiment import forward
from recipes.countdown.experiment import policy as policies
from recipes.countdown.experiment.streams import torch_stream

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Measured:
    """`solved[i]`: how many of the `samples` responses to prompt i were each of its right answers, most first.

    entropy: of the next token, nats, mean over the tokens of the responses.
    """

    solved: list[list[int]]
    samples: int
    entropy: float

    def pass_at(self, k: int) -> np.ndarray:
        """pass@k of each prompt."""
        return np.asarray(pass_at_k(self.samples, [sum(sizes) for sizes in self.solved], k))

    def classes_at(self, k: int) -> np.ndarray:
        """Expected number of different right answers among k samples, of each prompt.

        `evaluation.distinct_correct`, from the sizes alone: Σ over the classes of pass@k with x of them right.
        """
        table = np.asarray(pass_at_k(self.samples, np.arange(self.samples + 1), k))
        return np.array([table[sizes].sum() if sizes else 0.0 for sizes in self.solved])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


METRICS: dict[str, Callable[[Measured], np.ndarray]] = {
    "pass@1": lambda measured: measured.pass_at(1),
    "pass@16": lambda measured: measured.pass_at(16),
    "pass@64": lambda measured: measured.pass_at(64),
    "classes@16": lambda measured: measured.classes_at(16),
    "classes@64": lambda measured: measured.classes_at(64),
}
"""Each from one measurement to one number per prompt."""


def measure(policy: LlamaForCausalLM, prompts: Sequence[Prompt], samples: int, name: str) -> Measured:
    """Sample at temperature 1 and score exactly; `name` chooses the random numbers, the same for all policies."""
    generator = torch_stream("measure", name)
    solved: list[list[int]] = []
    entropy = tokens = 0.0
    size = max(1, ROWS // samples)
    for start in range(0, len(prompts), size):
        batch = prompts[start : start + size]
        ids = policies.prompt_ids(batch)
        sampled = forward.sample(policy, ids, samples, policies.END, generator)
        texts = policies.decode(sampled.tokens)
        for i, prompt in enumerate(batch):
            own = texts[i * samples : (i + 1) * samples]
            found = (verify(prompt.digits, prompt.target, text) for text in own)
            sizes = Counter(expression.form for expression in found if expression is not None)
            solved.append(sorted(sizes.values(), reverse=True))
        mask = policies.written(sampled.tokens)
        entropy += float(sampled.entropy[mask].sum())
        tokens += float(mask.sum())
    return Measured(solved, samples, entropy / tokens)
