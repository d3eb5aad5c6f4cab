"""One stage: the work that is left, done by a worker, written as it comes, and what failed."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from darling_plugin.endpoint.failures import EndpointError, UselessEndpointError
from darling_plugin.progress import progress
from darling_plugin.tools.evaluation.folder import Folder, Key, Shard
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.rows import Row, Rows

if TYPE_CHECKING:
    from rich.console import Console

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Item:
    """One unit of work: a sample to draw, a response to score, or (sample −1) a prompt's responses to partition."""

    prompt: Prompt
    sample: int = -1
    responses: tuple[str, ...] = ()
    """Empty for sampling, one response for scoring, all responses of the prompt for a partition."""

    @property
    def key(self) -> Key:
        return self.prompt.id, self.sample

    @property
    def response(self) -> str:
        (only,) = self.responses
        return only


class Report(Protocol):
    """How a worker says what became of an item; from any thread, in any order, once for each."""

    def done(self, item: Item, row: Row) -> None: ...
    def failed(self, item: Item, kind: str, message: str) -> None: ...

    def refused(self, item: Item, message: str) -> None:
        """It failed in a way in which it always will: the next run does not try it again."""
        ...


class Worker(Protocol):
    """Who does the work of one stage."""

    @property
    def settings(self) -> dict[str, Any]:
        """All that changes what it writes. No secrets, nothing that differs between machines."""
        ...

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        """Report each item. An `EndpointError` ends the stage, any other error the run; what was reported stays."""
        ...


@dataclass
class Outcome:
    """What became of a stage: of `items` in all, `missing` have no row; `failures` counts the reasons of this run."""

    stage: str
    items: int
    missing: int
    failures: Counter[str] = field(default_factory=Counter)
    last_failure: str | None = None

    @property
    def share(self) -> float:
        return self.missing / self.items if self.items else 0.0

    def as_json(self) -> dict[str, Any]:
        return {"failures": dict(sorted(self.failures.items())), "last_failure": self.last_failure}


def run_stage(
    folder: Folder,
    stage: str,
    what: str,
    items: Sequence[Item],
    worker: Worker,
    *,
    shard: Shard,
    console: Console | None = None,
    wanted: int | None = None,
) -> Outcome:
    """Do what is not in the folder yet. An endpoint that dies on the way leaves what it did not do missing.

    Args:
        stage: the name of its files.
        what: is done, for the progress bar.
        items: all that this shard is to do.
        wanted: how many items there would be had nothing failed before; len(items) by default.
    """
    done = folder.rows(stage, refused=True)
    left = [item for item in items if item.key not in done]
    there = sum(item.key in done and "refused" not in done[item.key] for item in items)
    wanted = len(items) if wanted is None else wanted
    outcome = Outcome(stage, wanted, missing=wanted - there)
    if left:
        earlier = f" ({len(items) - len(left)} done before)" if len(left) < len(items) else ""
        with (
            Rows(folder.file(stage, shard)) as rows,
            progress(what + earlier, len(left), console) as advance,
        ):
            report = _Report(rows, outcome, advance)
            try:
                worker(left, report)
            except UselessEndpointError:
                raise
            except EndpointError as error:
                if not done and not report.written:
                    raise  # it never worked: a setting, most likely
                outcome.failures["endpoint gone"] = len(left) - report.written - outcome.failures.total()
                outcome.last_failure = str(error)
        outcome.missing -= report.written
    return outcome


class _Report:
    def __init__(self, rows: Rows, outcome: Outcome, advance: Callable[..., None]):
        self.written = 0
        self._rows = rows
        self._outcome = outcome
        self._advance = advance
        self._lock = threading.Lock()

    def done(self, item: Item, row: Row) -> None:
        with self._lock:
            self._rows.add(_place(item) | row)
            self.written += 1
            self._advance(note=self._note())

    def refused(self, item: Item, message: str) -> None:
        with self._lock:
            self._rows.add(_place(item) | {"refused": message})
        self.failed(item, "refused", message)

    def failed(self, item: Item, kind: str, message: str) -> None:
        with self._lock:
            self._outcome.failures[kind] += 1
            self._outcome.last_failure = f"{item.prompt.id}, sample {item.sample}: {message}"
            self._advance(note=self._note())

    def _note(self) -> str:
        failed = self._outcome.failures.total()
        return f"{failed} failed" if failed else ""


def _place(item: Item) -> Row:
    return {"id": item.prompt.id} | ({"sample": item.sample} if item.sample >= 0 else {})
