"""What a command writes is never what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from darling_plugin.errors import InputError


def check_output(option: str, out: Path, inputs: Iterable[str | Path | None]) -> None:
    """Raise `InputError` if `out` is an input, or an existing file in a folder that is one.

    Links are followed, so that another name of the same file is found too. An input that is no path on this machine,
    such as a name on the hub, is left out.
    """
    target = out.expanduser().resolve()
    for given in inputs:
        source = None if given is None else Path(given).expanduser()
        if source is None or not source.exists():
            continue
        inside = source.is_dir() and target.is_file() and target.is_relative_to(source.resolve())
        if inside or (target.exists() and target.samefile(source)):
            raise InputError(
                f"{option}: {out} is an input of this command, or is inside one: {source}; name another path."
            )


def prepare_file(option: str, out: Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Make the folder of a file that will be written, before work is spent on its content.

    Raises `InputError` if `out` is an input or a folder, and `OSError` if its folder cannot be made.
    """
    check_output(option, out, inputs)
    if out.is_dir():
        raise InputError(f"{option}: {out} is a folder; name a file in it.")
    out.parent.mkdir(parents=True, exist_ok=True)
