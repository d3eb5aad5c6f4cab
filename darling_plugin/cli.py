"""The command `darling`. Its commands are entry points in the group `darling.commands`: a function or a Typer app each.

To add one: a file in `tools/`, and a line in pyproject.toml. A command imports what it needs inside its function, so
that `darling --help` stays quick. Its docstring ends with a paragraph `Example: darling …`, and it prints through
`console.py`. Here every command gets `--verbose`, `--quiet`, and errors in one line.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer

from darling_plugin.console import NORMAL, QUIET, VERBOSE, explained, set_verbosity

GROUP = "darling.commands"

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")]


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
    """DARLING: train language models with RL for quality and semantic diversity at once.

    Start with `darling doctor`. `darling COMMAND -h` shows a command's options and an example.
    """


def uniform(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same command with `--quiet` and `--verbose`, whose errors are explained in one line."""

    @functools.wraps(command)
    def run(*args: Any, quiet: bool = False, verbose: bool = False, **options: Any) -> Any:
        set_verbosity(VERBOSE if verbose else QUIET if quiet else NORMAL)
        with explained():
            return command(*args, **options)

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in (("quiet", Quiet), ("verbose", Verbose))
    ]
    signature = inspect.signature(command, eval_str=True)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *added])  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, "quiet": Quiet, "verbose": Verbose}
    return run


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
            app.add_typer(_uniform_group(command), name=entry.name)
        else:
            app.command(entry.name)(uniform(command))
    return app


def _uniform_group(group: typer.Typer) -> typer.Typer:
    """A copy of the group, and of the groups in it: the original may be used on its own."""
    copy = typer.Typer(help=group.info.help, no_args_is_help=True)
    for command in group.registered_commands:
        if command.callback is not None:
            copy.command(command.name)(uniform(command.callback))
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            copy.add_typer(_uniform_group(inner.typer_instance), name=inner.name)
    return copy


app = build_app()

if __name__ == "__main__":
    app()
