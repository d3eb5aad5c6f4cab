"""What every command does alike: errors in one line, text that cannot control the terminal, and how much is said.

Model text, file names, replies of servers and settings are data. `terminal()` and `print_json` are the only ways to the
terminal, and show control characters instead of sending them.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from darling_plugin.errors import DarlingError

if TYPE_CHECKING:
    from rich.console import Console

QUIET, NORMAL, VERBOSE = -1, 0, 1
_verbosity = NORMAL

# C0 without tab and newline, DEL, C1, the marks that reorder text, line separators, surrogates
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
REMEDIES = {
    errno.ENOENT: "check the path",
    errno.EISDIR: "this is a folder; name a file",
    errno.ENOTDIR: "a part of the path is a file; name another folder",
    errno.EACCES: "check its permissions, or name another path",
    errno.EPERM: "check its permissions, or name another path",
    errno.EROFS: "name a path that can be written",
    errno.ENOSPC: "free some space, or name a path on another disk",
    errno.EEXIST: "name a path that does not exist yet",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.ECONNREFUSED: "check that the server is running",
}


def set_verbosity(level: int) -> None:
    """`QUIET`: only results and errors. `VERBOSE`: an error shows its traceback."""
    global _verbosity
    _verbosity = level


def plain(text: object) -> str:
    r"""The text with control characters written out, such as `\x1b` for ESC. Newlines and tabs stay."""
    return CONTROL.sub(lambda found: ascii(found[0])[1:-1], str(text))


def terminal(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """A Rich console that shows control characters of what it prints. With `-q`, nothing but results is printed."""
    from rich.console import Console
    from rich.segment import Segment

    class PlainConsole(Console):
        def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(plain(segment.text), segment.style)

    return PlainConsole(stderr=stderr, soft_wrap=soft_wrap, quiet=stderr and _verbosity == QUIET)


def print_json(values: Any, *, indent: int | None = 1) -> None:
    r"""Print JSON on stdout. Control characters are written as `\u001b`, which JSON reads back as they were."""
    text = json.dumps(values, indent=indent, ensure_ascii=False, allow_nan=False)
    typer.echo(CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error that a user can fix into one message on stderr, and exit with 1. Ctrl-C exits with 130.

    That is a `DarlingError`, an `OSError`, and input that is too deep or too large. Other errors are bugs: they rise.
    `--verbose` shows the traceback before the message.
    """
    try:
        yield
    except (DarlingError, OSError, RecursionError, OverflowError, MemoryError) as error:
        if isinstance(error, BrokenPipeError):  # the reader has seen enough, as in `darling … | head`
            raise
        if _verbosity == VERBOSE:
            import traceback

            typer.echo(plain(traceback.format_exc()), err=True)
        typer.secho(f"Error: {plain(_message(error))}", fg="red", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None


def _message(error: BaseException) -> str:
    if isinstance(error, DarlingError):
        return str(error)
    if isinstance(error, OSError):
        names = ", ".join(
            os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)
        )
        said = f"{names}: {error.strerror or error}" if names else str(error).strip() or type(error).__name__
        remedy = REMEDIES.get(error.errno or 0)
        return f"{said}; {remedy}." if remedy else said
    what = {
        RecursionError: "the input is nested too deeply; give a file with fewer levels of brackets",
        OverflowError: f"the input holds a number that is too large ({error}); remove it",
        MemoryError: "not enough memory; give less input, or use a machine with more memory",
    }
    return next(said for kind, said in what.items() if isinstance(error, kind)) + "."
