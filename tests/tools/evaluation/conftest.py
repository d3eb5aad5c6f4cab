import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eval_server import EvalServer
from typer.testing import CliRunner

from darling_plugin.endpoint.endpoint import DEFAULT_KEY
from darling_plugin.tools.evaluation.cli import app


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEFAULT_KEY, raising=False)


@pytest.fixture
def server() -> Iterator[EvalServer]:
    server = EvalServer()
    yield server
    server.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write(name, row, …): a file of those JSON lines."""

    def write(name: str, *rows: object) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@pytest.fixture
def darling() -> Callable[..., tuple[int, str]]:
    """darling(argument, …): (exit code, all that was printed) of `darling eval argument …`."""

    def call(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "250"})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return call
