"""What holds for every command: help with an example, -h, -q, -v, and errors in one line for bad paths."""

import json
import os
import shlex

import click
import pytest
import typer
from report_folders import write_run
from typer.testing import CliRunner

from darling_plugin.cli import app

WIDE = {"COLUMNS": "250"}


def leaves(group=None, path=()):
    """(words, command) of every command."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(leaves())


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=WIDE)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help(words):
    short, long = run(*words, "-h"), run(*words, "--help")
    assert short.exit_code == 0 and short.output == long.output
    for option in ("--quiet", "-q", "--verbose", "-v"):
        assert option in short.output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_option_has_a_sentence(words):
    for parameter in COMMANDS[words].params:
        text = parameter.help or ""
        assert text and not text.startswith(("of ", "the ", "at most")), (parameter.name, text)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_example_is_a_command_that_parses(words):
    _, _, example = (COMMANDS[words].help or "").partition("Example: ")
    arguments = shlex.split(" ".join(example.split()))
    assert arguments[: len(words) + 1] == ["darling", *words]
    COMMANDS[words].make_context(words[-1], arguments[len(words) + 1 :])  # raises for unknown or missing ones


def test_json_is_a_flag_everywhere():
    flags = {
        words: parameter.is_flag
        for words, command in COMMANDS.items()
        for parameter in command.params
        if "--json" in parameter.opts
    }
    assert all(flags.values())
    without = {" ".join(words) for words in COMMANDS.keys() - flags.keys()}
    # `data prepare` writes manifest.json, which holds all that it prints
    assert without == {f"data prepare {task}" for task in ("math", "gsm8k", "creative", "countdown")}


@pytest.fixture
def places(tmp_path):
    """Paths that cannot be read or written, by name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no JSON\n")
    (tmp_path / "deep.jsonl").write_text("[" * 200_000 + "\n")
    pair = {"prompt": "p", "generation_0": "a", "generation_1": "b", "similar": 1}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair) + "\n")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "esc\x1b[2J").mkdir()
    return {
        "absent": tmp_path / "absent",
        "folder": tmp_path / "folder",
        "file": tmp_path / "file",
        "deep": tmp_path / "deep.jsonl",
        "pairs": tmp_path / "pairs.jsonl",
        "fifo": tmp_path / "fifo",
        "esc": tmp_path / "esc\x1b[2J",
        "nowhere": "/proc/nowhere/out",
        "run": tmp_path / "run",
        "out": tmp_path / "out",
    }


LABEL = "classifier label --url http://127.0.0.1:9/v1 --judge j --out {out} --responses"
OWN = "eval run own --responses {file} --out {out} --prompts"
BAD = [
    *(f"report {{{bad}}} --out {{out}}" for bad in ("absent", "file", "folder", "fifo", "esc")),
    "report {run} --out {folder}",
    "report {run} --out {nowhere}",
    "report {run} --out /dev/full",
    "report {run} --out {out} --png {file}",
    *(f"export {{{bad}}} {{out}}" for bad in ("absent", "file", "folder", "fifo", "esc")),
    "export {run} {folder}",
    *(f"convert-reward-model {{{bad}}} {{out}}" for bad in ("absent", "file", "folder", "esc")),
    "convert-reward-model {run} {folder}",
    "convert-reward-model /nonexistent {out}",
    "classifier eval --pairs {pairs} --model /nonexistent",
    "classifier calibrate --pairs {pairs} --model /nonexistent",
    *(f"{LABEL} {{{bad}}}" for bad in ("absent", "file", "folder", "deep", "fifo", "esc")),
    *(f"classifier train --out {{out}} --pairs {{{bad}}}" for bad in ("file", "folder", "deep", "fifo", "esc")),
    *(f"classifier calibrate --model {{{bad}}} --pairs {{file}}" for bad in ("absent", "file", "folder", "esc")),
    *(f"classifier eval --pairs {{{bad}}}" for bad in ("file", "deep", "fifo")),
    *(f"data check {{{bad}}}" for bad in ("absent", "file", "folder", "esc")),
    *(f"data prepare gsm8k --sets '' --out {{out}} --train-file {{{bad}}}" for bad in ("absent", "deep", "esc")),
    "data prepare countdown --out {nowhere}",
    "data prepare countdown --out {file}",
    *(f"eval summary {{{bad}}}" for bad in ("absent", "file", "folder", "esc")),
    *(f"eval compare {{{bad}}} {{folder}}" for bad in ("absent", "file", "folder", "esc")),
    *(f"{OWN} {{{bad}}}" for bad in ("absent", "file", "folder", "deep", "fifo")),
    *(f"plan --config {{{bad}}}" for bad in ("absent", "file", "folder", "esc")),
    *(f"partition {{{bad}}} --similarity lexical" for bad in ("absent", "file", "folder", "deep", "esc")),
]  # fmt: skip


@pytest.mark.parametrize("line", BAD)
def test_bad_paths_are_one_error(line, places):
    write_run(places["run"])
    arguments = shlex.split(line.format(**{name: shlex.quote(str(path)) for name, path in places.items()}))
    result = run(*arguments)
    assert result.exit_code == 1, (result.exit_code, result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.count("Error: ") == 1 and "Traceback" not in result.output
    assert len(result.stderr.strip().splitlines()) <= 2, result.stderr
    assert "\x1b" not in result.output


def test_unknown_options_are_usage_errors():
    assert run("report", "--nothing").exit_code == 2
    assert click.UsageError.exit_code == 2
