"""What holds for every command: help with an example, -h, -q, -v, and errors in one line for bad paths."""

import json
import os
import shlex
import typing
from pathlib import Path

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


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_prints_json(words):
    (flag,) = [parameter for parameter in COMMANDS[words].params if "--json" in parameter.opts]
    assert flag.is_flag


def has_path(parameter):
    return Path in (
        parameter.type_descriptor.annotation,
        *typing.get_args(parameter.type_descriptor.annotation),
    )


@pytest.fixture
def places(tmp_path):
    """Paths that cannot be read or written, by name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("no JSON\n")
    (tmp_path / "deep.jsonl").write_text("[" * 200_000 + "\n")
    pair = {"prompt": "p", "generation_0": "a", "generation_1": "b", "similar": 1}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair) + "\n")
    (tmp_path / "groups.jsonl").write_text(json.dumps({"prompt": "p", "responses": ["a", "b"]}) + "\n")
    (tmp_path / "prompts.jsonl").write_text(json.dumps({"id": "1", "prompt": "p"}) + "\n")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "esc\x1b[2J").mkdir()
    write_run(tmp_path / "run")
    shards = tmp_path / "checkpoints/global_step_1/actor"
    (shards / "huggingface").mkdir(parents=True)
    for name in ("huggingface/config.json", "huggingface/model.safetensors"):
        (shards / name).write_text("{}")
    (shards / "fsdp_config.json").write_text('{"FSDP_version": 2, "world_size": 1}')
    return {
        "absent": tmp_path / "absent",
        "folder": tmp_path / "folder",
        "file": tmp_path / "file",
        "deep": tmp_path / "deep.jsonl",
        "fifo": tmp_path / "fifo",
        "esc": tmp_path / "esc\x1b[2J",
        "nowhere": "/proc/nowhere/out",
        "pairs": tmp_path / "pairs.jsonl",
        "groups": tmp_path / "groups.jsonl",
        "prompts": tmp_path / "prompts.jsonl",
        "run": tmp_path / "run",
        "checkpoint": shards.parent,
        "out": tmp_path / "out",
    }


def rows(template, bad="absent folder file deep fifo esc"):
    """The template with each of the bad places in the place of `*`."""
    return [template.replace("*", f"{{{name}}}") for name in bad.split()]


READABLE = "absent folder file fifo esc"  # of these, none can be read, whatever the command expects there
JUDGE = "--url http://127.0.0.1:9/v1 --judge j"
OWN = "own --scorer none --similarity none"


def prepared(more=""):
    return [
        *rows("--sets '' --out {out} --train-file *", "absent deep esc"),
        *rows(f"--out {{out}} --from * {more}", "absent file"),
        *rows("--sets '' --train-file {run}/metrics.jsonl --out *", "file nowhere"),
    ]


TABLE = {
    "check": rows("*", "absent esc"),
    "classifier calibrate": [*rows("--pairs {file} --model *", READABLE), "--pairs {pairs} --model /nonexistent"],
    "classifier cascade": [
        *rows("--first default --second default --out {out} --pairs *", "file deep fifo esc"),
        *rows("--first default --second default --pairs {pairs} --out *", "folder nowhere pairs"),
        *rows("--first default --second * --pairs {pairs} --out {out}", "absent folder file esc"),
        *rows("--first * --second default --pairs {pairs} --out {out}", "absent folder file"),
    ],
    "classifier distill": [
        *rows("--teacher lexical --out {out} --responses *", READABLE),
        *rows("--teacher * --out {out} --responses {groups}", "absent file"),
        "--teacher lexical --responses {groups} --out {file}",
    ],
    "classifier eval": [
        *rows("--pairs *", "file deep fifo esc"),
        "--pairs {pairs} --model /nonexistent",
        *rows("--pairs {pairs} --plot *", "folder nowhere pairs"),
        *rows("--pairs {pairs} --folds 2 --work *", "file nowhere"),
    ],
    "classifier label": [
        *rows(f"{JUDGE} --out {{out}} --responses *", f"{READABLE} deep"),
        *rows(f"{JUDGE} --responses {{groups}} --out *", "groups folder file nowhere"),
    ],
    "classifier train": [
        *rows("--out {out} --pairs *", "file folder deep fifo esc"),
        *rows("--pairs {pairs} --out *", "file nowhere"),
        "--pairs {pairs} --base {folder} --out {folder}",
    ],
    "convert-reward-model": [*rows("* {out}", "absent file folder esc"), "{run} {folder}", "/nonexistent {out}"],
    "data check": rows("*", "absent file folder esc"),
    "data prepare countdown": rows("--out *", "nowhere file"),
    "data prepare creative": prepared(),
    "data prepare gsm8k": prepared(),
    "data prepare kinds": rows("--out *", "nowhere file"),
    "data prepare math": prepared(),
    "doctor": rows("*", "absent"),
    "eval compare": [*rows("* {folder}", "absent file folder esc"), *rows("{run} *", "absent")],
    "eval elo": rows("*", "absent file folder esc"),
    "eval run": [
        *rows(f"{OWN} --responses {{file}} --out {{out}} --prompts *", f"{READABLE} deep"),
        *rows(f"{OWN} --prompts {{prompts}} --out {{out}} --responses *", f"{READABLE} deep"),
        *rows(f"{OWN} --prompts {{prompts}} --responses {{groups}} --out *", "run file nowhere"),
        *rows("novelty --sets curated --responses {groups} --out {out} --data *", f"{READABLE} deep"),
        *rows(f"creative --prompts {{prompts}} --responses {{groups}} --judge-{JUDGE[2:]} --out {{out}} --baseline *"),
    ],
    "eval summary": rows("*", "absent file folder esc"),
    "export": [
        *rows("* {out}", READABLE),
        *rows("{run} *", "folder file"),
        *rows("{checkpoint} {out} --config *", "absent folder fifo"),
        *rows("{checkpoint} {out} --metrics *", "absent file fifo"),
        "{checkpoint} {out}",
    ],
    "list": rows("*", "absent"),
    "partition": rows("* --similarity lexical", "absent file folder deep esc"),
    "plan": [*rows("--config *", READABLE), *rows("--simulate --out *", "folder nowhere")],
    "report": [
        *rows("* --out {out}", READABLE),
        *rows("{run} --out *", "folder nowhere"),
        "{run} --out /dev/full",
        "{run} --out {run}/metrics.jsonl",
        "{run} --out {out} --png {file}",
    ],
}
USAGE = ("doctor", "list")  # these take no path: one is a usage error


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_path_has_a_row(words):
    lines = TABLE[" ".join(words)]
    assert lines
    for parameter in COMMANDS[words].params:
        if has_path(parameter) and parameter.opts[-1].startswith("--"):
            assert any(parameter.opts[0] in line.split() for line in lines), parameter.opts[0]


def test_the_table_has_no_row_of_a_command_that_is_gone():
    assert TABLE.keys() == {" ".join(words) for words in COMMANDS}


@pytest.mark.parametrize(("command", "line"), [(command, line) for command, lines in TABLE.items() for line in lines])
def test_bad_paths_are_one_error(command, line, places, monkeypatch):
    for name in ("CUDA_VISIBLE_DEVICES", "VERL_LOGGING_LEVEL"):
        monkeypatch.setenv(name, "")  # `check` sets them: here they are put back
    arguments = shlex.split(line.format(**{name: shlex.quote(str(path)) for name, path in places.items()}))
    result = run(*command.split(), *arguments)
    if command in USAGE:
        assert result.exit_code == 2 and "Traceback" not in result.output
        return
    assert result.exit_code == 1, (result.exit_code, result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.count("Error: ") == 1 and "Traceback" not in result.output
    assert len(result.stderr.strip().splitlines()) <= 2, result.stderr
    assert "\x1b" not in result.output


def test_unknown_options_are_usage_errors():
    assert run("report", "--nothing").exit_code == 2
    assert click.UsageError.exit_code == 2
