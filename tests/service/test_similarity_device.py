"""darling.similarity.device holds where the similarity runs in the trainer's process, and is refused elsewhere."""

import pytest

from darling_plugin.config import parse_settings
from darling_plugin.errors import ConfigError
from darling_plugin.service.build import check_backend


def test_a_device_goes_with_the_local_backend_only():
    def settings(backend):
        return parse_settings({"similarity": {"device": "cpu"}, "service": {"backend": backend}})

    similarity = settings("local").similarity.build()
    assert similarity.device == "cpu"
    check_backend(similarity, settings("local").service)
    for backend in ("auto", "ray"):
        with pytest.raises(ConfigError, match=r"darling\.similarity\.device=cpu"):
            check_backend(similarity, settings(backend).service)


def test_lexical_has_none():
    with pytest.raises(ConfigError, match=r"darling\.similarity\.device` has no effect on 'lexical'"):
        parse_settings({"similarity": {"name": "lexical", "device": "cpu"}}).similarity.build()
