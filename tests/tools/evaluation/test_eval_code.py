"""Programs that a model wrote are run within limits, and scored by their tests."""

import json
from importlib.util import find_spec

import pytest
from eval_rows import rows, summary

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.scoring.code import CodeScorer, PrimeCodeScorer, check_tests, program_of
from darling_plugin.tools.evaluation.scoring.sandbox import Limits, isolation, run

ADD = "def add(a, b):\n    return a + b\n"
CLASS = "class Solution:\n    def add(self, a, b):\n        return a + b\n"
READ = "a, b = map(int, input().split())\nprint(a + b, end=' \\n\\n')\n"
STDIN = {"inputs": ["1 2\n", "3 4\n"], "outputs": ["3\n", "7\n"]}
CALLED = {"fn_name": "add", "inputs": [[1, 2], ["a", "b"]], "outputs": [3, "ab"]}
QUICK = Limits(seconds=2)


@pytest.mark.parametrize(
    ("program", "tests"), [(READ, STDIN), (ADD, CALLED), (CLASS, CALLED), (ADD, "assert add(1, 2) == 3")]
)
def test_a_right_program(program, tests):
    assert CodeScorer().failure(f"Here it is:\n```python\n{program}```\nDone.", tests) is None


@pytest.mark.parametrize(
    ("program", "tests", "said"),
    [
        ("print(3)", STDIN, "test 2: another result"),
        ("def add(a, b):\n    return 3", CALLED, "test 2: another result"),
        (ADD, "assert add(1, 2) == 4", "AssertionError"),
        ("import sys\nsys.exit(0)", "assert add(1, 2) == 3", "exit before the tests end"),
        ("def add(", "assert add(1, 2) == 3", "SyntaxError"),
        ("raise ValueError('no')", STDIN, "test 1: ValueError: no"),
        ("", STDIN, "no program"),
    ],
)
def test_a_wrong_program(program, tests, said):
    assert said in CodeScorer().failure(f"```python\n{program}\n```", tests)


@pytest.mark.parametrize(
    ("response", "program"),
    [
        ("x = 1", "x = 1"),
        ("```python\nx = 1\n```\nor\n```py\nx = 2\n```", "x = 2\n"),
        ("```\nx = 3\n```", "x = 3\n"),
        ("```python\nx = 4", "x = 4"),  # cut before its end
    ],
)
def test_which_part_of_a_response_is_run(response, program):
    assert program_of(response) == program


def test_time_memory_and_output_are_bounded():
    assert run("while True: pass", limits=QUICK).failure == "time limit"
    assert run("import time; time.sleep(60)", limits=QUICK).failure == "time limit"
    assert "MemoryError" in run("x = bytearray(8 << 30)", limits=QUICK).stderr
    flood = run("while True: print('x' * 10000)", limits=QUICK)
    assert not flood.ok and len(flood.stdout) <= QUICK.output
    # a child that outlives its parent ends with it: the call comes back
    assert run("import os, time\nif os.fork() == 0:\n    time.sleep(60)", limits=QUICK).ok


def test_what_a_program_does_not_get(monkeypatch):
    monkeypatch.setenv("MY_SECRET", "s3cret")
    seen = run("import os; print(os.environ.get('MY_SECRET'), sorted(os.listdir('.')))")
    assert seen.stdout == "None ['program.py']\n"
    linked = run("import os; os.symlink('/etc/hostname', 'result')")
    assert linked.ok and linked.result is None


@pytest.mark.skipif(not isolation(), reason="no namespaces are allowed here")
def test_there_is_no_network():
    interfaces = run("print([line.split(':')[0].strip() for line in open('/proc/self/net/dev').readlines()[2:]])")
    assert interfaces.stdout == "['lo']\n"
    assert "unreachable" in run("import socket; socket.create_connection(('127.0.0.1', 9), 1)").stderr


@pytest.mark.skipif(find_spec("verl") is None, reason="verl is not installed")
def test_verls_own_scoring():
    scorer = PrimeCodeScorer()
    assert scorer.failure(f"```python\n{READ}```", STDIN) is None
    assert scorer.failure("```python\nprint(3)\n```", STDIN) == "50% of the tests pass"


@pytest.mark.parametrize(
    "tests",
    [None, "", " ", [], {}, {"inputs": []}, {"inputs": ["1"], "outputs": []}, {"inputs": [1], "outputs": [1]},
     {"fn_name": "a b", "inputs": [[1]], "outputs": [1]}, {"fn_name": "f", "inputs": [1], "outputs": [1]}],
)  # fmt: skip
def test_other_tests_are_refused(tests):
    with pytest.raises(InputError, match="prompt 'p': `tests` must be"):
        check_tests(tests, "prompt 'p'")


def test_the_task(darling, write, tmp_path):
    prompts = write(
        "prompts.jsonl",
        {"id": "add", "prompt": "Read two numbers and print their sum.", "tests": STDIN},
        {"id": "function", "prompt": "Write add(a, b).", "tests": "assert add(2, 2) == 4"},
    )
    responses = write(
        "responses.jsonl", {"id": "add", "responses": [READ, "print(3)"]}, {"id": "function", "responses": [ADD, ADD]}
    )
    code, printed = darling(
        "run", "code", "--prompts", prompts, "--responses", responses, "--samples", 2, "--out", tmp_path / "o"
    )
    assert code == 0, printed
    # 1 of 2 and 2 of 2 are right: pass@1 (1/2 + 1) / 2, pass@2 1.
    found = summary(tmp_path / "o")["metrics"]
    assert (found["pass@1"]["mean"], found["pass@2"]["mean"]) == (0.75, 1.0)
    wrong = rows(tmp_path / "o", "scores")["add", 1]
    assert (wrong["score"], wrong["failure"]) == (0.0, "test 2: another result")
    bad = write("bad.jsonl", json.loads('{"id": 1, "prompt": "p"}'))
    code, printed = darling("run", "code", "--prompts", bad, "--responses", responses, "--out", tmp_path / "b")
    assert code == 1 and "line 1: `tests` must be" in printed
