"""When a run was written, by which command, and which version draws the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from darling_plugin import __version__
from darling_plugin.errors import InputError
from darling_plugin.tools.redact import redact
from darling_plugin.tools.report.metrics import NAMES, STARTS

OVERRIDES = Path(".hydra") / "overrides.yaml"  # Hydra writes it where hydra.run.dir is


def about(folder: Path) -> Mapping[str, str]:
    """Name and text of each fact that is known: `Last written`, `Command` without secrets, `Drawn by`."""
    return dict(_facts(folder))


def _facts(folder: Path) -> Iterator[tuple[str, str]]:
    files = [*(folder / name for name in NAMES), *(folder / STARTS).glob("*.jsonl"), folder / "summary.json"]
    times = [file.stat().st_mtime for file in files if file.is_file()]
    if times:
        yield "Last written", f"{datetime.fromtimestamp(max(times), timezone.utc):%Y-%m-%d %H:%M} UTC"
    command = _command(folder)
    if command:
        yield "Command", command
    yield "Drawn by", f"darling-plugin {__version__}"


def _command(folder: Path) -> str:
    """verl's command line, from what Hydra wrote down; empty if it is not there or is damaged."""
    file = next((each for each in (folder / OVERRIDES, folder.parent / OVERRIDES) if each.is_file()), None)
    if file is None:
        return ""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read as text ({error}); remove it.") from error
    overrides = [line.removeprefix("- ").strip().strip("'\"") for line in lines if line.startswith("- ")]
    return " ".join(["python -m verl.trainer.main_ppo", *(shlex.quote(_clean(each)) for each in overrides)])


def _clean(override: str) -> str:
    key, equals, value = override.partition("=")
    return key + equals + str(redact(value, key)) if equals else str(redact(override))
