r"""Errors in one line, and text that cannot control the terminal."""

import errno
import json
import os
import re

import pytest
import typer
from places import ROOT

from darling_plugin import console
from darling_plugin.console import explained, plain, print_json, terminal
from darling_plugin.errors import InputError

# ESC, BEL, C1's CSI, right-to-left override, isolate, line separator, lone surrogate
HOSTILE = "a\x1b]0;PWNED\x07\x1b[2Jb\x9b31m\u202ec\u2066d\u2028e\ud800f"
SHOWN = r"a\x1b]0;PWNED\x07\x1b[2Jb\x9b31m\u202ec\u2066d\u2028e\ud800f"


@pytest.fixture(autouse=True)
def _normal():
    console.set_verbosity(console.NORMAL)
    yield
    console.set_verbosity(console.NORMAL)


def test_plain_shows_control_characters():
    assert plain(HOSTILE) == SHOWN
    assert plain("tab\tline\nümlaut 漢字 😀") == "tab\tline\nümlaut 漢字 😀"


def test_whatever_rich_prints_is_plain(capsys):
    from rich.table import Table
    from rich.text import Text

    table = Table("name")
    table.add_row(Text(HOSTILE))
    printer = terminal(soft_wrap=True)
    printer.print(table)
    printer.print(HOSTILE, markup=False, highlight=False)
    out = capsys.readouterr().out
    assert not console.CONTROL.search(out)
    assert out.count(r"a\x1b]0;PWNED\x1b[") == 2  # Rich itself drops BEL


def test_json_reads_back_as_it_was(capsys):
    print_json({HOSTILE: HOSTILE})
    out = capsys.readouterr().out
    assert not console.CONTROL.search(out) and json.loads(out) == {HOSTILE: HOSTILE}


def test_nothing_else_writes_to_the_terminal():
    """A Rich console made elsewhere would send control characters as they are."""
    files = [*(ROOT / "darling_plugin/tools").rglob("*.py"), ROOT / "darling_plugin/progress.py"]
    made = re.compile(r"(?<!Plain)\bConsole\(|get_console\(|\bprint\(f")
    lines = [f"{file}: {line}" for file in files for line in file.read_text().splitlines() if made.search(line)]
    assert [line for line in lines if ".print(f" not in line] == []


def fail(error):
    with explained():
        raise error


NO_FILE = FileNotFoundError(errno.ENOENT, "No such file or directory", "a/b")
FULL = OSError(errno.ENOSPC, "No space left on device", "x\x1b")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError(f"file {HOSTILE} is wrong"), f"file {SHOWN} is wrong"),
        (NO_FILE, "a/b: No such file or directory; check the path."),
        (
            IsADirectoryError(errno.EISDIR, "Is a directory", "out"),
            "out: Is a directory; this is a folder; name a file.",
        ),
        (FULL, r"x\x1b: No space left on device; free some space, or name a path on another disk."),
        (OSError("connection reset"), "connection reset"),
        (RecursionError("depth"), "the input is nested too deeply; give a file with fewer levels of brackets."),
        (OverflowError("too large"), "the input holds a number that is too large (too large); remove it."),
    ],
)
def test_errors_that_a_user_can_fix_are_one_line(capsys, error, said):
    with pytest.raises(typer.Exit) as exit:
        fail(error)
    assert (exit.value.exit_code, capsys.readouterr().err) == (1, f"Error: {said}\n")


def test_ctrl_c_exits_with_130(capsys):
    with pytest.raises(typer.Exit) as exit:
        fail(KeyboardInterrupt())
    assert (exit.value.exit_code, capsys.readouterr().err) == (130, "Stopped.\n")


def test_a_bug_is_not_hidden():
    with pytest.raises(KeyError):
        fail(KeyError("x"))
    with pytest.raises(BrokenPipeError):
        fail(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))


def test_verbose_shows_the_traceback_and_quiet_no_notes(capsys):
    console.set_verbosity(console.VERBOSE)
    with pytest.raises(typer.Exit):
        fail(InputError("wrong"))
    err = capsys.readouterr().err
    assert err.startswith("Traceback") and err.endswith("Error: wrong\n")
    console.set_verbosity(console.QUIET)
    terminal(stderr=True).print("a note")
    terminal().print("a result")
    assert capsys.readouterr() == ("a result\n", "")
