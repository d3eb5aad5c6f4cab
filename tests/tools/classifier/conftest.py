"""Labeled pairs that can be learned, and an encoder small enough to learn them in seconds."""

from pathlib import Path

import pytest
from fruits import fruit_pairs
from tiny_bert import make_encoder

from darling_plugin.tools.classifier.pairs import Pair


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_encoder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def fruits() -> list[Pair]:
    return fruit_pairs(120)


@pytest.fixture
def written(tmp_path: Path, fruits: list[Pair]) -> Path:
    from darling_plugin.tools.classifier.pairs import write_pairs

    path = tmp_path / "pairs.jsonl"
    write_pairs(path, fruits)
    return path
