import pytest
from tiny_wordnet import use_tiny_wordnet


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    yield from use_tiny_wordnet(tmp_path / "wordnet", monkeypatch)
