import pytest
from tiny_wordnet import write_wordnet

from darling_plugin.kinds import data, task, wordnet


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The tiny WordNet in the place of the real one."""
    for cached in (task.named, task.kinds_of, data._split, wordnet.read_nouns):
        cached.cache_clear()
    monkeypatch.setenv(wordnet.VARIABLE, str(write_wordnet(tmp_path / "wordnet")))
    monkeypatch.setattr(data, "LEAST_KINDS", 2)
    monkeypatch.setattr(data, "LEAST_COMMON", 0)
    yield wordnet.nouns()
    for cached in (task.named, task.kinds_of, data._split, wordnet.read_nouns):
        cached.cache_clear()
