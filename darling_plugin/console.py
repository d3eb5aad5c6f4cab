"""What every command does alike: an error that a user can mend is one message, not a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from darling_plugin.errors import DarlingError


@contextmanager
def explained() -> Iterator[None]:
    """Print a `DarlingError` on stderr and exit with 1; Ctrl-C exits with 130. Other errors are ours: they rise."""
    try:
        yield
    except DarlingError as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None
