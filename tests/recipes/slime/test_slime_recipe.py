"""slime's hook on samples of slime's shape, against `core`."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from darling_plugin.core import find_partition, group_advantages
from darling_plugin.objectives import darling_advantages
from darling_plugin.similarity import LexicalSimilarity
from recipes.slime import darling_slime

N = 4
draw = np.random.default_rng(2)
WORDS = ("red", "blue", "sun", "moon")


@dataclass
class Sample:
    """The fields of slime/utils/types.py (624b824) that the hook reads, with its way to a reward."""

    group_index: int | None = None
    prompt: Any = ""
    response: str = ""
    reward: float | dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def get_reward_value(self, args: Any) -> Any:
        return self.reward if not args.reward_key else self.reward[args.reward_key]


@pytest.fixture
def samples():
    texts = [" ".join(draw.choice(WORDS, draw.integers(1, 5))) for _ in range(24)]
    return [Sample(row // N, f"p{row // N}", text, {"acc": float(draw.random())}) for row, text in enumerate(texts)]


@pytest.fixture(autouse=True)
def _a_step_of_its_own():
    darling_slime.step.cache_clear()
    yield
    darling_slime.step.cache_clear()


def test_advantages_are_cores_in_any_order(samples, monkeypatch):
    monkeypatch.setenv("DARLING", "{similarity: {name: lexical, threshold: 0.4, short_text_rule: false}}")
    mixed = [samples[row] for row in draw.permutation(24)]
    raw, advantages = darling_slime.post_process(SimpleNamespace(reward_key="acc"), mixed)
    texts, uid = [sample.response for sample in mixed], [sample.group_index for sample in mixed]
    labels = find_partition(texts, uid, LexicalSimilarity(), threshold=0.4, short_text_rule=False).labels
    assert raw == [sample.reward["acc"] for sample in mixed]
    assert advantages == pytest.approx(darling_advantages(raw, labels, uid), abs=1e-9)


def test_another_objective(samples, monkeypatch):
    monkeypatch.setenv("DARLING", "{objective: grpo, advantage: {normalize_by_std: true}}")
    raw, advantages = darling_slime.post_process(SimpleNamespace(reward_key="acc"), samples)
    uid = [sample.group_index for sample in samples]
    assert advantages == pytest.approx(group_advantages(raw, uid, normalize_by_std=True), abs=1e-9)
