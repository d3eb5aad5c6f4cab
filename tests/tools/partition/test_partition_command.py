"""`darling partition`: a user's own responses, from a file, a folder or standard input."""

import json

import pytest
from typer.testing import CliRunner

from darling_plugin.cli import app

LINES = [
    {"prompt": "Name a car.", "responses": ["a small red car", "a small red car", "one blue boat at sea"]},
    {"prompt": "Name a bird.", "response": "a robin"},
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "responses.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


def run(*arguments, **settings):
    return CliRunner().invoke(app, ["partition", *map(str, arguments), "--similarity", "lexical"], **settings)


def test_json_lines_say_class_and_diversity(file):
    rows = [json.loads(line) for line in run(file, "--json").stdout.splitlines()]
    assert [(row["prompt"], row["response"]) for row in rows] == [
        *(("Name a car.", text) for text in LINES[0]["responses"]),
        ("Name a bird.", "a robin"),
    ]
    assert [row["class"] for row in rows] == [0, 0, 1, 0]
    assert [row["diversity"] for row in rows] == [0.5, 0.5, 1.0, 1.0]  # (3 − 2)/2 twice, (3 − 1)/2; no sibling
    assert all(set(row) == {"prompt", "response", "class", "diversity"} for row in rows)


def test_pairs_show_p_of_each(file):
    rows = [json.loads(line) for line in run(file, "--json", "--pairs").stdout.splitlines()]
    assert rows[0]["p"] == {"1": 1.0, "2": 0.0} and rows[2]["p"] == {"0": 0.0, "1": 0.0}
    assert "p" not in rows[3]


def test_standard_input(file):
    assert run("-", "--json", input=file.read_text()).stdout == run(file, "--json").stdout


def test_a_table_for_people(file):
    out = run(file, "--pairs").stdout
    assert "Name a car." in out and "2 classes among 3 responses" in out and "1.000" in out
    assert out.count("decided by the rule for short texts") == 1  # the copies


def test_what_is_read_can_be_the_answer_alone(tmp_path):
    path = tmp_path / "responses.jsonl"
    thinking = [
        "<think>count cars and boats</think>a red car at sea",
        "<think>other words here</think>a red car at sea",
    ]
    path.write_text(json.dumps({"prompt": "p", "responses": thinking}))
    classes = {
        text: [json.loads(line)["class"] for line in run(path, "--json", "--text", text).stdout.splitlines()]
        for text in ("whole", "answer")
    }
    assert classes == {"whole": [0, 1], "answer": [0, 0]}
    assert "must be whole, answer, head_tail" in run(path, "--text", "middle").stderr


def test_a_threshold_of_ones_own(file):
    rows = [json.loads(line) for line in run(file, "--json", "--threshold", "1.0").stdout.splitlines()]
    # Two of the same texts have at most five words: the rule for short texts decides them. Nothing is above 1.
    assert [row["class"] for row in rows] == [0, 0, 1, 0]


def test_control_characters_do_not_reach_the_terminal(tmp_path):
    path = tmp_path / "responses.jsonl"
    path.write_text(json.dumps({"prompt": "p\x1b[2J", "responses": ["a\x1b]0;title\x07", "[red]b"]}))
    out = run(path).stdout
    assert "\x1b" not in out and "\x07" not in out and "[red]b" in out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no responses"),
        ("{", "line 1: not JSON"),
        ('{"prompt": "p", "response": 3}', "every response must be text"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, content, message):
    path = tmp_path / "responses.jsonl"
    path.write_text(content)
    done = run(path)
    assert done.exit_code == 1 and message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["similarities", "objectives", "recipes", "tasks"])
def test_what_there_is_has_a_description(kind):
    done = CliRunner().invoke(app, ["list", kind, "--json"])
    entries = json.loads(done.stdout)
    assert entries and all(entries.values()), entries
