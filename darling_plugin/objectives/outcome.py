"""Outcome-based exploration: a bonus for final answers that are rare (arXiv 2509.06941).

    A_i = GRPO's advantage of i + c · b_i

    outcome_batch      b_i = −(1/n) · siblings with the same final answer
    outcome_ucb        b_i = min(1, 1/√N)         N = how often this prompt had this answer in earlier steps
    outcome_ucb_con    b_i = min(1, 1/√N) − 0.5   an answer that was seen more than four times is penalized

N is kept per prompt over all steps and saved with checkpoints; the responses of a step do not count for each other. A
response without a final answer has the outcome "none", which counts like any other; otherwise giving none would be
rewarded. The authors have published no code; formulas and the constant 0.5 are the paper's. With more than one good
final answer per prompt the batch form is nearest to DARLING; with one, it mostly spreads the wrong answers.

b is added to the advantage, so A does not sum to 0. A group of one: b = 0 (batch), 1 at first (ucb). All right or all
wrong: A = c · b. All the same answer: b = −(n−1)/n (batch).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from darling_plugin.core import checks, group_advantages
from darling_plugin.core.groups import group_rows
from darling_plugin.errors import InputError
from darling_plugin.objectives.base import Batch, Objective, Scored

NONE = ""  # the outcome of a response that gives no answer


class OutcomeBatch(Objective):
    """`c`: the weight of the bonus; the default is this package's, to be tuned."""

    needs: ClassVar[frozenset[str]] = frozenset({"answers"})
    centered = False

    def __init__(self, c: float = 0.2, normalize_by_std: bool = False):
        self.c = checks.number("c", c)
        self.normalize_by_std = checks.flag("normalize_by_std", normalize_by_std)

    def score(self, batch: Batch) -> Scored:
        bonus = self.bonus(batch)
        advantages = group_advantages(batch.quality, batch.uid, normalize_by_std=self.normalize_by_std)
        return Scored(batch.quality + self.c * bonus, advantages + self.c * bonus, bonus, self.metrics(batch))

    def bonus(self, batch: Batch) -> np.ndarray:
        """b of each response."""
        assert batch.answers is not None
        return outcome_batch_bonus(batch.answers, batch.uid)

    def metrics(self, batch: Batch) -> dict[str, float]:
        return {}


class OutcomeUcb(OutcomeBatch):
    """Keeps N of every prompt and answer of the run."""

    needs: ClassVar[frozenset[str]] = frozenset({"answers", "prompts"})
    baseline: ClassVar[float] = 0.0

    def __init__(self, c: float = 0.2, normalize_by_std: bool = False):
        super().__init__(c, normalize_by_std)
        self.counts: dict[str, dict[str, int]] = {}
        """counts[prompt][answer] = responses so far."""

    def bonus(self, batch: Batch) -> np.ndarray:
        outcomes = self._outcomes(batch)
        before = np.array([self.counts.get(prompt, {}).get(answer, 0) for prompt, answer in outcomes], dtype=float)
        for prompt, answer in outcomes:
            of_prompt = self.counts.setdefault(prompt, {})
            of_prompt[answer] = of_prompt.get(answer, 0) + 1
        return 1 / np.sqrt(np.maximum(before, 1.0)) - self.baseline

    def metrics(self, batch: Batch) -> dict[str, float]:
        return {"outcomes": float(sum(len(answers) for answers in self.counts.values()))}

    def state_dict(self) -> dict[str, Any]:
        return {"counts": {prompt: dict(answers) for prompt, answers in self.counts.items()}} if self.counts else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.counts = {prompt: dict(answers) for prompt, answers in state.get("counts", {}).items()}

    def _outcomes(self, batch: Batch) -> list[tuple[str, str]]:
        assert batch.answers is not None and batch.prompts is not None
        names = [prompt if isinstance(prompt, str) else repr(prompt) for prompt in batch.prompts]  # keys of JSON
        return [(name, answer or NONE) for name, answer in zip(names, batch.answers, strict=True)]


class OutcomeUcbCon(OutcomeUcb):
    """With the constant baseline."""

    baseline: ClassVar[float] = 0.5


def outcome_batch_bonus(answers: Sequence[str | None], uid: Sequence[Hashable] | np.ndarray) -> np.ndarray:
    """b of each response, shape (rows,), from its final answer; None where it gives none."""
    if isinstance(answers, str):
        raise InputError("`answers` must be a sequence with one entry per response, got one string; put it in a list")
    groups = group_rows(uid)
    checks.same_length("answers", len(answers), len(groups.index), "uid")
    pairs = group_rows(list(zip(groups.index.tolist(), [answer or NONE for answer in answers], strict=True)))
    return -(pairs.sizes[pairs.index] - 1) / groups.sizes[groups.index]
