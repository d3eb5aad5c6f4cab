"""The command `darling`. Its commands are entry points in the group `darling.commands`: a function or a Typer app each.

To add one: a file in `tools/`, and a line in pyproject.toml. A command imports what it needs inside its function, so
that `darling --help` stays quick.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Annotated

import typer

GROUP = "darling.commands"


def _print_version(wanted: bool) -> None:
    if wanted:
        from darling_plugin import __version__

        typer.echo(f"darling-plugin {__version__}")
        raise typer.Exit


def main(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """DARLING: train language models with RL for quality and semantic diversity at once."""


def build_app() -> typer.Typer:
    """The application, with every command that is installed."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        command = entry.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=entry.name)
        else:
            app.command(entry.name)(command)
    return app


app = build_app()

if __name__ == "__main__":
    app()
