"""The commands as a user types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from darling_plugin.tools.data.cli import app


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "160", "HF_HUB_OFFLINE": "1"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def sources(write, problems):
    folder = write("deepscaler.jsonl", [*problems, {"problem": "[bold]too[/] short"[:9], "answer": "1"}]).parent
    write("hmmt.jsonl", [{"id": 1, "question": "What is the least number of all?", "answer": "$0$"}])
    return folder


def test_prepare_says_what_it_did_and_then_that_there_is_nothing_to_do(tmp_path, sources):
    command = ("prepare", "math", "--out", tmp_path / "out", "--from", sources, "--sets", "hmmt", "--size", 100)
    code, said = run(*command)
    assert code == 0
    assert "under 10 characters 1" in said and "deepscaler_100.parquet" in said and "not drawn 44" in said
    code, said = run(*command)
    assert code == 0
    assert "Nothing to do: same sources, same settings, same files." in said
    assert run(*command, "--force")[1].count("made") >= 2


def test_check_compares_digests(tmp_path, sources):
    out = tmp_path / "out"
    run("prepare", "math", "--out", out, "--from", sources, "--sets", "hmmt", "--size", 10)
    code, said = run("check", out)
    assert code == 0 and said.count("same") == 2
    (out / "hmmt.parquet").write_bytes(b"changed")
    (out / "deepscaler_10.parquet").unlink()
    code, said = run("check", out)
    assert code == 1 and "changed" in said and "missing" in said
    code, said = run("check", tmp_path)
    assert code == 1 and "holds no manifest.json" in said


def test_countdown_is_made_by_its_own_code(tmp_path):
    command = ("prepare", "countdown", "--out", tmp_path, "--train-prompts", 8, "--eval-prompts", 6)
    assert run(*command)[1].startswith("Made: ")
    assert run(*command)[1].startswith("Up to date: ")
    assert {"train.parquet", "val.parquet", "test.parquet", "manifest.json"} == {f.name for f in tmp_path.iterdir()}
    assert run("check", tmp_path)[0] == 0


def test_prepare_in_json(tmp_path, sources):
    command = (
        "prepare",
        "math",
        "--out",
        tmp_path / "out",
        "--from",
        sources,
        "--sets",
        "hmmt",
        "--size",
        10,
        "--json",
    )
    made = json.loads(run(*command)[1])
    assert made["folder"] == str(tmp_path / "out")
    assert [(Path(file["file"]).name, file["rows"], file["made"]) for file in made["files"]] == [
        ("hmmt.parquet", 1, True),
        ("deepscaler_10.parquet", 10, True),
    ]
    assert [file["made"] for file in json.loads(run(*command)[1])["files"]] == [False, False]


def test_countdown_in_json(tmp_path):
    command = ("prepare", "countdown", "--out", tmp_path, "--train-prompts", 8, "--eval-prompts", 6, "--json")
    made = json.loads(run(*command)[1])["files"]
    assert [Path(file["file"]).name for file in made] == ["train.parquet", "val.parquet", "test.parquet"]


def test_inputs_are_not_written_over(tmp_path, sources):
    folder = tmp_path / "both"
    command = ("prepare", "math", "--from", sources, "--sets", "hmmt", "--size", 10)
    assert run(*command, "--out", folder)[0] == 0
    before = (folder / "deepscaler_10.parquet").read_bytes()
    again = ("--train-file", folder / "deepscaler_10.parquet", "--name", "deepscaler", "--size", 10, "--force")
    code, said = run(*command, *again, "--out", folder)
    assert code == 1 and "is an input of this command, or is inside one" in said
    assert (folder / "deepscaler_10.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--revision", "hmmt"), "--revision: expected NAME=REVISION, got 'hmmt'"),
        (("--sets", "hmmt,nonsense"), "no evaluation set 'nonsense'"),
        (("--tokenizer", "/nowhere"), "--tokenizer: no tokenizer can be loaded from /nowhere"),
        (("--size", 10_000), "deepscaler: 10000 training items requested, 144 remain"),
    ],
)
def test_mistakes_are_one_message(tmp_path, sources, options, said):
    code, output = run("prepare", "math", "--out", tmp_path / "out", "--from", sources, "--sets", "hmmt", *options)
    assert code == 1
    assert output.startswith("Error: ") and said in output


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"task": "creative", "format": 1, "files": {}})])
def test_a_folder_of_something_else_is_not_touched(tmp_path, sources, content):
    (tmp_path / "manifest.json").write_text(content)
    command = ("prepare", "math", "--out", tmp_path, "--from", sources, "--sets", "hmmt", "--no-train")
    code, said = run(*command)
    assert code == 1 and "manifest.json" in said and "--force" in said
    assert run(*command, "--force")[0] == 0


def test_no_sets_and_several_training_files(tmp_path, write, problems):
    one, two = write("one.jsonl", problems[:70]), write("two.jsonl", problems[70:])
    command = ("prepare", "math", "--out", tmp_path / "out", "--sets", "", "--size", 0)
    code, said = run(*command, "--train-file", one, "--train-file", two, "--name", "sums")
    assert code == 0 and "sums_all.parquet" in said and "144" in said and "one.jsonl, two.jsonl" in said
