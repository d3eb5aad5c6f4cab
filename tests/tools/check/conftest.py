"""verl is imported once for the whole session, and each job's files are read once: most of what these tests cost."""

import warnings
from importlib.util import find_spec

import pytest

if find_spec("verl") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def _verl():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # verl names each engine whose package is absent
        import verl.trainer.ppo.v1  # noqa: F401
    from composed_once import parse_texts_once

    with pytest.MonkeyPatch.context() as patch:
        parse_texts_once(patch)
        yield


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    monkeypatch.delenv("VERL_PLATFORM", raising=False)


@pytest.fixture(autouse=True)
def _composed_once(monkeypatch):
    from composed_once import compose_once

    from darling_plugin.tools.check import run

    monkeypatch.setattr(run, "compose_job", compose_once)
