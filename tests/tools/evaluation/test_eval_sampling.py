"""Sampling from an endpoint: the same result however it comes about, and failures that are missing, never nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest
from eval_rows import rows, same_result, summary
from eval_server import a_model, completion, said

from darling_plugin.tools.evaluation.prompts import sample_seed

PROMPTS = [{"id": number, "prompt": f"say {number}", "answer": "one"} for number in range(12)]


@pytest.fixture
def arguments(server, write):
    """arguments(out, …): an evaluation of 12 prompts, 3 samples each, scored by a function, in lexical classes."""

    def make(out, *more: object) -> list[str]:
        # No real deadline is so short: what fails does so at once.
        fixed = ["run", "own", "--prompts", write("prompts.jsonl", *PROMPTS), "--model", "m", "--url", server.url]
        fixed += ["--samples", 3, "--scorer", "eval_scorers:starts_with", "--binary", "--similarity", "lexical"]
        return [str(one) for one in [*fixed, "--out", out, "--deadline-s", 0, "--concurrency", 4, *more]]

    return make


def test_every_sample_is_a_request_with_its_seed(server, arguments, darling, tmp_path):
    code, said_to_user = darling(*arguments(tmp_path / "a", "--temperature", 0.5, "--top-k", 7, "--max-tokens", 9))
    assert code == 0, said_to_user
    assert len(server.requests) == 36
    seeds = {(said(body), body["seed"]) for body in server.requests}
    assert seeds == {(f"say {n}", sample_seed(0, "own", str(n), j)) for n in range(12) for j in range(3)}
    first = server.requests[0]
    assert (first["temperature"], first["top_p"], first["max_completion_tokens"]) == (0.5, 1.0, 9)
    assert first["top_k"] == 7 and "min_p" not in first and "n" not in first

    own = rows(tmp_path / "a", "samples")["4", 2]
    seed = sample_seed(0, "own", "4", 2)
    assert own == {"id": "4", "sample": 2, "finish": "stop", "tokens": 3} | {"response": own["response"]}
    assert own["response"] == json.loads(json.dumps(a_model({"seed": seed})[1]))["choices"][0]["message"]["content"]
    scores = rows(tmp_path / "a", "scores")
    texts = rows(tmp_path / "a", "samples")
    assert {key: row["score"] for key, row in scores.items()} == {
        key: float(row["response"].startswith("one")) for key, row in texts.items()
    }
    found = summary(tmp_path / "a")
    assert found["complete"] and found["metrics"]["pass@1"]["problems"] == 12
    assert found["metrics"]["pass@1"]["mean"] == pytest.approx(sum(row["score"] for row in scores.values()) / 36)


def test_another_seed_is_another_result_and_the_same_is_the_same(arguments, darling, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert darling(*arguments(tmp_path / name, "--seed", seed))[0] == 0
    same_result(tmp_path / "a", tmp_path / "b")
    assert rows(tmp_path / "a", "samples") != rows(tmp_path / "c", "samples")


def test_shards_in_one_folder_are_the_whole(arguments, darling, tmp_path):
    assert darling(*arguments(tmp_path / "whole"))[0] == 0
    code, printed = darling(*arguments(tmp_path / "parts", "--shard", "1/2"))
    assert (
        code == 0 and "Shard 1/2 is done" in printed
    )  # the other shard's items are not missing, they are not there yet
    assert {int(name) % 2 for name, _ in rows(tmp_path / "parts", "samples")} == {1}
    assert darling("summary", tmp_path / "parts")[0] == 3
    assert summary(tmp_path / "parts")["missing"]["samples"] == {"items": 36, "missing": 18, "share": 0.5}
    code, printed = darling(*arguments(tmp_path / "parts", "--shard", "0/2"))
    assert code == 0 and "own: 12 prompts, 3 samples each" in printed
    assert darling("summary", tmp_path / "parts")[0] == 0
    same_result(tmp_path / "whole", tmp_path / "parts")


def test_a_killed_run_goes_on_to_the_same_result(server, arguments, darling, tmp_path):
    assert darling(*arguments(tmp_path / "whole"))[0] == 0
    before, halfway = len(server.requests), threading.Event()

    def until_halfway(body):
        if len(server.requests) - before >= 20:
            halfway.set()
            return None  # the server is gone, too: nothing more comes
        return a_model(body)

    server.answer = until_halfway
    killed = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "darling_plugin.tools.evaluation.cli",
            *arguments(tmp_path / "killed", "--deadline-s", 600),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
    )
    assert halfway.wait(300)
    killed.send_signal(signal.SIGKILL)
    assert killed.communicate()[1] == b"" and killed.returncode == -signal.SIGKILL
    done = rows(tmp_path / "killed", "samples")
    assert 10 <= len(done) < 36 and not (tmp_path / "killed" / "scores.jsonl").exists()
    with (tmp_path / "killed" / "samples.jsonl").open("ab") as file:
        file.write(b'{"id": "11", "sample": 2, "resp')  # where a kill can end

    server.answer, before = a_model, len(server.requests)
    assert darling(*arguments(tmp_path / "killed"))[0] == 0
    assert len(server.requests) - before == 36 - len(done)  # nothing was asked twice
    same_result(tmp_path / "whole", tmp_path / "killed")

    before = len(server.requests)
    assert darling(*arguments(tmp_path / "killed"))[0] == 0  # done already
    assert len(server.requests) == before


def test_what_fails_is_missing_and_tried_again(server, arguments, darling, tmp_path):
    assert darling(*arguments(tmp_path / "well"))[0] == 0
    bad = {
        "say 3": (500, {"error": {"message": "overloaded"}}),
        "say 6": None,
        "say 9": (200, "garbage"),
        "say 10": (400, {"error": {"message": "refused"}}),
    }

    def unwell(body):
        return bad[said(body)] if said(body) in bad else a_model(body)

    server.answer, before = unwell, len(server.requests)
    code, printed = darling(
        *arguments(tmp_path / "unwell", "--concurrency", 1, "--deadline-s", 1e-9, "--max-missing", 0.2)
    )
    assert code == 3
    assert "12 of 36 in samples are missing (33.3%), more than --max-missing 0.2" in printed
    asked = Counter(said(body) for body in server.requests[before:])
    # Nonsense is asked three times for each of three samples; what is refused once. No time for more here.
    assert (asked["say 9"], asked["say 10"], asked["say 1"]) == (9, 3, 3)
    failures = json.loads((tmp_path / "unwell" / "failures.json").read_text())["samples"]["failures"]
    assert failures == {"no answer": 6, "nonsense": 3, "refused": 3}

    found, well = summary(tmp_path / "unwell"), summary(tmp_path / "well")
    assert not found["complete"]
    assert found["missing"]["samples"] == found["missing"]["scores"] == {"items": 36, "missing": 12, "share": 12 / 36}
    assert found["missing"]["classes"] == {"items": 12, "missing": 4, "share": 4 / 12}
    scores = {key: row["score"] for key, row in rows(tmp_path / "well", "scores").items()}
    there = [score for (name, _), score in scores.items() if name not in {"3", "6", "9", "10"}]
    # Over the eight prompts that are there: counted as 0, the others would give sum(there) / 36.
    assert found["metrics"]["pass@1"]["mean"] == pytest.approx(sum(there) / 24)
    assert found["metrics"]["pass@1"]["problems"] == 8 and well["metrics"]["pass@1"]["problems"] == 12

    server.answer = a_model
    assert darling(*arguments(tmp_path / "unwell", "--max-missing", 0.2))[0] == 0
    same_result(tmp_path / "well", tmp_path / "unwell")
    assert json.loads((tmp_path / "unwell" / "failures.json").read_text()) == {}


def test_a_prompt_keeps_the_value_of_what_is_there(server, arguments, darling, tmp_path):
    gone = sample_seed(0, "own", "5", 1)
    server.answer = lambda body: (400, "{}") if body["seed"] == gone else a_model(body)
    assert darling(*arguments(tmp_path / "a"))[0] == 3
    own = next(
        json.loads(line) for line in (tmp_path / "a" / "values.jsonl").read_bytes().splitlines() if b'"id": "5"' in line
    )
    scores = rows(tmp_path / "a", "scores")
    assert own["pass@1"] == pytest.approx((scores["5", 0]["score"] + scores["5", 2]["score"]) / 2)
    assert "pass@3" not in own and "distinct_3" not in own


def test_a_dead_endpoint_is_left_alone(server, arguments, darling, tmp_path):
    # Ten in a row mean that it is gone: nine are reported, and the tenth ends it with 36 − 12 − 9 left.
    server.answer = lambda body: a_model(body) if len(server.requests) <= 12 else None
    code, printed = darling(*arguments(tmp_path / "a", "--concurrency", 1))
    assert code == 3 and "10 requests in a row were given up" in printed
    assert "Failed in samples: 9 (no answer)" in printed and "Failed in samples: 15 (endpoint gone)" in printed
    assert len(server.requests) == 22 and len(rows(tmp_path / "a", "samples")) == 12
    assert {sample for _, sample in rows(tmp_path / "a", "samples")} == {0}  # of each prompt the first
    server.answer = a_model
    assert darling(*arguments(tmp_path / "a"))[0] == 0


def test_an_endpoint_that_never_worked_is_an_error(server, arguments, darling, tmp_path):
    server.answer = lambda body: (401, {"error": {"message": "who are you?"}})
    code, printed = darling(*arguments(tmp_path / "a"))
    assert code == 1 and "requires a key" in printed and "who are you?" in printed
    server.answer = lambda body: None
    code, printed = darling(*arguments(tmp_path / "a"))
    assert code == 1 and "requests in a row had no answer" in printed
    assert not (tmp_path / "a" / "summary.json").exists()


def test_other_settings_are_refused(arguments, darling, tmp_path):
    assert darling(*arguments(tmp_path / "a"))[0] == 0
    code, printed = darling(*arguments(tmp_path / "a", "--temperature", 0.1, "--samples", 2, "--threshold", 0.9))
    assert code == 1
    for one in (
        "partition.threshold: 0.5 there, 0.9 here",
        "samples: 3 there, 2 here",
        "sampling.temperature: 1.0 there",
    ):
        assert one in printed
    # What changes no result may change: how patiently the endpoint is asked, and the number of shards.
    assert darling(*arguments(tmp_path / "a", "--timeout-s", 5, "--concurrency", 2, "--shard", "0/3"))[0] == 0


def test_a_cut_response_is_one_and_nothing_is_not(server, arguments, darling, tmp_path):
    # Of each prompt the first sample has three characters, and the other two none.
    first = {sample_seed(0, "own", str(n), 0) for n in range(12)}
    server.answer = lambda body: completion("one" if body["seed"] in first else "", finish="length")
    assert darling(*arguments(tmp_path / "empty"))[0] == 0
    found = summary(tmp_path / "empty")["metrics"]
    assert (found["cut"]["mean"], found["characters"]["mean"]) == (1.0, 1.0)
    server.answer = lambda body: completion(None)
    code, printed = darling(*arguments(tmp_path / "nothing"))
    assert code == 1 and "expected a text, got None" in printed


def test_given_responses_are_not_sampled(server, arguments, write, darling, tmp_path):
    assert darling(*arguments(tmp_path / "a"))[0] == 0
    asked = len(server.requests)
    common = ["run", "own", "--prompts", tmp_path / "prompts.jsonl", "--samples", 3, "--scorer", "none"]
    assert darling(*common, "--responses", tmp_path / "a", "--out", tmp_path / "b")[0] == 0
    texts = {key: row["response"] for key, row in rows(tmp_path / "a", "samples").items()}
    assert {key: row["response"] for key, row in rows(tmp_path / "b", "samples").items()} == texts
    # By text where there is no id, in AlpacaEval's words; a list and single ones.
    others = write(
        "others.jsonl",
        {"instruction": "say 0", "output": "x"},
        {"instruction": "say 0", "output": "y"},
        {"id": 1, "generations": ["z"]},
    )
    code, printed = darling(*common, "--responses", others, "--out", tmp_path / "c")
    assert code == 3 and "Failed in samples: 33 (absent)" in printed
    found = {key: row["response"] for key, row in rows(tmp_path / "c", "samples").items()}
    assert found == {("0", 0): "x", ("0", 1): "y", ("1", 0): "z"}
    assert len(server.requests) == asked
