"""`darling partition`: a user's own responses, from a file, a folder or standard input."""

import json

import pytest
from typer.testing import CliRunner

from darling_plugin.cli import app
from darling_plugin.core.rules import SHORT_TEXT_RULES
from darling_plugin.similarity.domains import DOMAINS
from darling_plugin.tools.partition.show import RULES

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
    assert out.count("rule `form`, not P") == 1  # the copies


MIXED = [
    "Three red boats left the old harbor",
    "three red boats left the old harbor.",
    "Three red boats left the old town",
    "Three blue cars left the old town",
    "A cat sleeps all day on the sofa",
]


def explained(tmp_path, *arguments):
    path = tmp_path / "mixed.jsonl"
    path.write_text(json.dumps({"prompt": "p", "responses": MIXED}))
    return run(path, "--explain", *arguments)


def test_explained_as_json(tmp_path):
    rows = [json.loads(line) for line in explained(tmp_path, "--json").stdout.splitlines()]
    # Words shared / all: 0–2 and 1–2 6 of 8; 2–3 5 of 9; 0–3 4 of 10; the last shares one word, "the", of 14 or 13.
    assert rows[0]["p"] == pytest.approx({"1": 1, "2": 6 / 8, "3": 4 / 10, "4": 1 / 14})
    assert rows[0]["verdicts"] == {
        "1": {"equivalent": True, "decided_by": "form"},
        "2": {"equivalent": True, "decided_by": "similarity"},
        "3": {"equivalent": False, "decided_by": "similarity"},  # and one class all the same, through 2
        "4": {"equivalent": False, "decided_by": "similarity"},
    }
    assert [row["class"] for row in rows] == [0, 0, 0, 0, 1]
    for row in rows:
        assert row["threshold"] == 0.5 and row["read"] == 1 and row["compared_characters"] == len(row["response"])
        assert row["nearest"]["equivalent"] == {"pair": [2, 3], "p": pytest.approx(5 / 9)}
        assert row["nearest"]["distinct"] == {"pair": [0, 3], "p": pytest.approx(4 / 10)}


def test_explained_for_people(tmp_path):
    out = explained(tmp_path).stdout
    assert "P > 0.5" in out and "P ≤ 0.5" in out and "rule `form`, not P" in out
    assert out.count("distinct, joined by others") == 2  # 0, 3 and 1, 3
    assert "Closest to the threshold 0.5 among the distinct pairs: 0, 3 with P = 0.400." in out
    assert "Every response is read to its end." in out and "by characters" not in out
    assert "Diversity: the share of the other responses that are in other classes" in out
    assert "Rule `form`: texts that differ only in case" in out and "Rule `code`" not in out


def test_each_rule_is_explained():
    assert set(RULES) == {*SHORT_TEXT_RULES, *DOMAINS} - {"none", "writing"}  # those two decide nothing


def test_a_script_that_the_encoder_lacks_is_named(tmp_path):
    pytest.importorskip("sentence_transformers")
    path = tmp_path / "scripts.jsonl"
    path.write_text(json.dumps({"prompt": "p", "responses": ["The rain had stopped at noon.", "雨停了，老人推开门。"]}))
    rows = [
        json.loads(line)
        for line in CliRunner().invoke(app, ["partition", str(path), "--explain", "--json"]).stdout.splitlines()
    ]
    assert [row["by_characters"] for row in rows] == [False, True]
    out = CliRunner().invoke(app, ["partition", str(path), "--explain"]).stdout
    assert "Compared by characters, because the model does not know the script: response 1." in out


def test_without_rules_p_decides(tmp_path):
    assert "rule `" not in explained(tmp_path, "--short-text-rule", "none").stdout
    assert "must be" not in explained(tmp_path, "--short-text-rule", "authors").stderr
    wrong = explained(tmp_path, "--short-text-rule", "five")
    assert wrong.exit_code == 1 and "darling.similarity.short_text_rule" in wrong.stderr and "'form'" in wrong.stderr


def test_a_domain_decides_first(tmp_path):
    path = tmp_path / "code.jsonl"
    path.write_text(json.dumps({"prompt": "p", "responses": ["y = max(x)", "top = max(x)", "y = min(x)"]}))
    rows = [json.loads(line) for line in run(path, "--json", "--explain", "--domain", "code").stdout.splitlines()]
    assert rows[0]["verdicts"]["1"] == {"equivalent": True, "decided_by": "code"}
    assert "darling.similarity.domain" in run(path, "--domain", "poetry").stderr


def all_equivalent(pairs):
    return [1.0] * len(pairs)


def test_a_function_of_ones_own(file):
    function = f"{__name__}:all_equivalent"
    arguments = ["partition", str(file), "--json", "--similarity", "callable", "--function", function]
    rows = [json.loads(line) for line in CliRunner().invoke(app, arguments).stdout.splitlines()]
    assert [row["class"] for row in rows] == [0, 0, 0, 0]


def test_what_is_not_read_is_said(tmp_path):
    pytest.importorskip("sentence_transformers")
    path = tmp_path / "long.jsonl"
    path.write_text(json.dumps({"prompt": "p", "responses": ["word " * 508, "a short text of some more words"]}))
    arguments = ["partition", str(path), "--similarity", "embedding", "--explain"]
    rows = [json.loads(line) for line in CliRunner().invoke(app, [*arguments, "--json"]).stdout.splitlines()]
    # 254 of 508 tokens are read, of 5 characters each, without the space after the last one.
    assert [row["read"] for row in rows] == [pytest.approx((254 * 5 - 1) / (508 * 5)), 1]
    out = CliRunner().invoke(app, arguments).stdout
    assert "Not read to the end: response 0 (the first 50% of 2,540 characters is read)" in out


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
