"""Who works on what: a file beside the thing, made by whoever comes first, with host and process id in it.

It works for processes on one machine and for machines with a folder in common. The holder touches the file all the
time. A claim is stale when its process is gone (on this host), or when nobody has touched it for `STALE_S` seconds
(from another). A stale one is moved away, which only one of several can do, and made anew. At worst, after a machine
that was thought dead comes back, a thing is made twice; what is claimed here comes out the same each time.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from darling_plugin.files import write_new

STALE_S = 300.0
TOUCH_S = 20.0


@dataclass(frozen=True)
class Holder:
    """What a claim says. `started`: when the process began, since process ids come again."""

    host: str
    pid: int
    started: float
    token: str


@dataclass
class Claim:
    """A claim that this process holds."""

    path: Path
    holder: Holder

    def release(self) -> None:
        """Give it up, unless somebody has taken it over."""
        if read(self.path) == self.holder:
            self.path.unlink(missing_ok=True)


def take(path: Path) -> Claim | None:
    """Claim `path` (a file that is only for this), or None when somebody else is at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = Holder(socket.gethostname(), os.getpid(), psutil.Process().create_time(), uuid.uuid4().hex)
    for _ in range(2):
        if _make(path, mine):
            return Claim(path, mine)
        if not _clear_if_stale(path):
            return None
    return None


@contextmanager
def held(claim: Claim) -> Iterator[Claim]:
    """Keep a claim fresh for the length of the block, then release it."""
    over = threading.Event()

    def touch() -> None:
        while not over.wait(TOUCH_S):
            with suppress(FileNotFoundError):  # taken over: what is done here is done twice
                os.utime(claim.path)

    toucher = threading.Thread(target=touch, daemon=True, name="claim")
    toucher.start()
    try:
        yield claim
    finally:
        over.set()
        toucher.join()
        claim.release()


@contextmanager
def waited_for(path: Path) -> Iterator[Claim]:
    """The claim, as soon as whoever has it lets go of it: for things that several need, and one should make."""
    while (claim := take(path)) is None:
        time.sleep(1.0)
    with held(claim) as mine:
        yield mine


def read(path: Path) -> Holder | None:
    """Who holds it; None when nobody does, or the claim is being written at this moment."""
    try:
        return Holder(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def is_stale(path: Path) -> bool:
    """Whether the holder is gone. A claim that is not there is none, so not a stale one."""
    holder = read(path)
    if holder is not None and holder.host == socket.gethostname():
        return not _runs(holder)
    try:
        return _now(path.parent) - path.stat().st_mtime > STALE_S
    except FileNotFoundError:
        return False


def _make(path: Path, holder: Holder) -> bool:
    return write_new(path, json.dumps(vars(holder)).encode())


def _clear_if_stale(path: Path) -> bool:
    """Remove a stale claim; False when somebody is at work."""
    holder = read(path)
    if not is_stale(path):
        return not path.exists()
    grave = path.with_name(f"{path.name}.stale.{uuid.uuid4().hex}")
    try:
        path.rename(grave)
    except FileNotFoundError:
        return True  # somebody else was quicker; the claim is to be had, or theirs
    if read(grave) != holder:  # between the look and the move it was taken over: it goes back
        with suppress(FileExistsError):
            os.link(grave, path)
        grave.unlink()
        return False
    grave.unlink()
    return True


def _runs(holder: Holder) -> bool:
    try:
        return abs(psutil.Process(holder.pid).create_time() - holder.started) < 2.0
    except psutil.NoSuchProcess:
        return False


def _now(folder: Path) -> float:
    """The time by the clock that stamps this folder's files, which need not be this machine's."""
    probe = folder / f".clock.{uuid.uuid4().hex}"
    probe.touch()
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink()
