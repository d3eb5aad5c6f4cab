"""A hub that does not answer is asked once."""

import pytest
from huggingface_hub import constants

from darling_plugin.tools.hub_reach import hub_or_cache, out_of_reach


@pytest.fixture
def nobody(monkeypatch):
    """A hub at a port where nothing listens."""
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def test_its_clients_look_into_their_caches_only_inside_the_block(nobody):
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    with hub_or_cache() as why:
        assert "refused" in why
        assert constants.HF_HUB_OFFLINE and datasets.config.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE and before == datasets.config.HF_HUB_OFFLINE


def test_offline_by_the_environment(nobody, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert out_of_reach() == "HF_HUB_OFFLINE is set"
