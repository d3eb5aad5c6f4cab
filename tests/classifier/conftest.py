"""Labelled pairs that can be learned, and an encoder small enough to learn them in seconds."""

import random
from pathlib import Path

import pytest
from tiny_bert import make_encoder

from darling_plugin.classifier.pairs import Pair

FRUITS = ("apple", "pear", "plum", "fig", "lemon")
PHRASES = ("{}", "my choice is the {}", "i would say {}", "the answer is {}", "it is a {}")


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_encoder(tmp_path_factory.mktemp("tiny"))


def fruit_pairs(prompts: int, seed: int = 0) -> list[Pair]:
    """Two pairs for each prompt: equivalent when both name the same fruit, whatever the words around it."""
    draw = random.Random(seed)
    pairs = []
    for number in range(prompts):
        for similar in (0, 1):
            first = draw.choice(FRUITS)
            second = first if similar else draw.choice([fruit for fruit in FRUITS if fruit != first])
            a, b = draw.sample(PHRASES, 2)
            pairs.append(Pair(f"name a fruit {number}", a.format(first), b.format(second), similar))
    return pairs


@pytest.fixture(scope="session")
def fruits() -> list[Pair]:
    return fruit_pairs(120)


@pytest.fixture
def written(tmp_path: Path, fruits: list[Pair]) -> Path:
    from darling_plugin.classifier.pairs import write_pairs

    path = tmp_path / "pairs.jsonl"
    write_pairs(path, fruits)
    return path
