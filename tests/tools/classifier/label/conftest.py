import json

import pytest
from judge_server import JudgeServer

from darling_plugin.endpoint.endpoint import DEFAULT_KEY, Endpoint


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv(DEFAULT_KEY, raising=False)


@pytest.fixture
def server():
    server = JudgeServer()
    yield server
    server.close()


@pytest.fixture
def endpoint(server):
    """endpoint(**settings): the test's server, asked one question at a time and never waiting between two tries."""

    def make(**settings):
        return Endpoint(**{"url": server.url, "model": "judge", "concurrency": 1, "backoff_s": 0.0} | settings)

    return make


@pytest.fixture
def write(tmp_path):
    """write(row, …): a file of those JSON lines."""

    def write(*rows, name="responses.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write
