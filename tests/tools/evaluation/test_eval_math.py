"""Math: the local files, the answers, and pass@k and maj@k of them."""

import json

import pytest
from eval_rows import rows, summary
from places import SHARED as SHARED_

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.folder import Folder, Shard
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.scoring.math import MathScorer, grade
from darling_plugin.tools.evaluation.stage import Item, run_stage
from darling_plugin.tools.evaluation.tasks import TASKS
from darling_plugin.tools.evaluation.tasks.base import Source
from darling_plugin.tools.evaluation.tasks.math import INSTRUCTION, PARTS

SHARED = SHARED_ / "data" / "math"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("So \\boxed{\\frac{1}{2}}.", (1.0, "1/2")),
        ("So \\boxed{0.5}.", (1.0, "1/2")),
        ("So \\boxed{3.0}.", (0.0, "3")),
        ("So \\boxed{3}.", (0.0, "3")),
        ("I do not know.", (0.0, None)),
        ("", (0.0, None)),
    ],
)
def test_a_response_has_a_score_and_an_answer(response, expected):
    assert grade(response, "1/2") == expected


def test_maths_from_responses_to_figures(write, darling, tmp_path):
    data = write(
        "aime25.jsonl", {"id": 0, "question": "1 + 1?", "answer": "2"}, {"id": 1, "question": "3!?", "answer": 6}
    )
    given = write(
        "given.jsonl",
        {"id": "aime25/0", "responses": ["\\boxed{2}", "\\boxed{1}", "\\boxed{1.0}", "none"]},
        {"id": "aime25/1", "responses": ["\\boxed{6}", "the answer is $2 \\cdot 3$", "\\boxed{7}", "\\boxed{8}"]},
    )
    out = tmp_path / "out"
    code, printed = darling(
        "run", "math", "--sets", "aime25", "--data", data, "--responses", given, "--samples", 4, "--out", out
    )
    assert code == 0, printed
    assert rows(out, "scores")["aime25/0", 2] == {"id": "aime25/0", "sample": 2, "score": 0.0, "answer": "1"}
    metrics = summary(out)["metrics"]
    # 1 of 4 and 2 of 4 are right. pass@2: 1 − C(3,2)/C(4,2) = 1/2 and 1 − C(2,2)/C(4,2) = 5/6; together 2/3.
    assert metrics["pass@1"]["mean"] == pytest.approx(3 / 8)
    assert metrics["pass@2"]["mean"] == pytest.approx(2 / 3)
    assert metrics["pass@4"]["mean"] == pytest.approx(1)
    # All four vote: 1 and 1.0 are one answer with two votes against one for 2; 6 and 2 · 3 are one with two votes.
    assert metrics["maj@4"]["mean"] == pytest.approx(1 / 2)
    prompt = json.loads((out / "prompts.jsonl").read_bytes().splitlines()[0])
    assert prompt == {"id": "aime25/0", "text": "1 + 1?" + INSTRUCTION, "answer": "2", "source": "aime25"}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public problems are not here")
def test_every_part_reads_the_shared_files():
    prompts = TASKS["math"].read(Source(tuple(PARTS), SHARED))
    of_part = {name: [one for one in prompts if one.source == name] for name in PARTS}
    assert {name: len(own) for name, own in of_part.items()} == {
        "aime24": 30, "aime25": 30, "amc23": 40, "hmmt": 30, "brumo": 30, "olympiadbench": 675, "gsm8k": 1319,
    }  # fmt: skip
    assert of_part["aime24"][0].answer == "204" and of_part["amc23"][0].answer == "27"
    assert of_part["hmmt"][2].answer == "\\frac{1}{576}" and of_part["gsm8k"][0].answer == "18"
    assert [own.answer for own in of_part["olympiadbench"]][:1] == ["2"]
    limited = TASKS["math"].read(Source(("gsm8k", "aime24"), SHARED, limit=3))
    assert [one.id for one in limited] == ["gsm8k/0", "gsm8k/1", "gsm8k/2", "aime24/60", "aime24/61", "aime24/62"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public problems are not here")
@pytest.mark.parametrize("part", ["aime24", "aime25", "amc23", "hmmt", "brumo"])
def test_every_reference_is_right_by_itself(part):
    for prompt in TASKS["math"].read(Source((part,), SHARED)):
        assert grade(f"So it is \\boxed{{{prompt.answer}}}.", prompt.answer)[0] == 1.0, prompt


def test_files_of_another_shape_are_refused(write, tmp_path):
    wrong = write("gsm8k_test.jsonl", {"question": "?", "answer": "no mark"})
    with pytest.raises(InputError, match=r"gsm8k_test.jsonl, line 1: not a row of gsm8k .*no ####"):
        TASKS["math"].read(Source(("gsm8k",), wrong))
    with pytest.raises(InputError, match=r"not a row of aime24 .*question or problem.*; its fields are id, answer"):
        TASKS["math"].read(Source(("aime24",), write("aime24.jsonl", {"id": 1, "answer": 2})))
    with pytest.raises(InputError, match=r"`--sets` must be among aime24, .*; got 'aime'"):
        TASKS["math"].read(Source(("aime",), tmp_path))
    with pytest.raises(InputError, match="is one file, but --sets names 5 parts"):
        TASKS["math"].read(Source((), wrong))


def test_an_answer_that_cannot_be_compared_with_is_an_error(tmp_path):
    def score(answer):
        prompt = Prompt("p", "?", answer)
        folder = Folder.make(tmp_path / f"answer-{answer}", {"samples": 1, "task": "own"}, {}, [prompt])
        item = Item(prompt, 0, ("\\boxed{1}",))
        run_stage(folder, "scores", "Scoring", [item], MathScorer(processes=1), shard=Shard())

    with pytest.raises(InputError, match="prompt 'p', field `answer`: got None"):
        score(None)
    with pytest.raises(InputError, match="prompt 'p', field `answer`: is an empty text"):
        score("")


def test_without_a_network_the_hub_says_what_to_give(monkeypatch):
    import datasets
    import huggingface_hub

    # Both read the environment when they are imported, which another test may have caused before.
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    refused = "cannot be loaded from the Hugging Face hub"
    with pytest.raises(InputError, match=f"math-ai/aime25: {refused} .*Set --data to a folder with"):
        TASKS["math"].read(Source(("aime25",)))
    with pytest.raises(InputError, match=f"tatsu-lab/alpaca_eval: {refused}"):
        TASKS["creative"].read(Source(("alpaca_eval",)))


@pytest.mark.parametrize(
    ("answer", "scores"),
    [
        (0.00001, [1.0, 1.0, 0.0]),
        (1e-05, [1.0, 1.0, 0.0]),
        ("1e-05", [1.0, 1.0, 0.0]),
    ],
)
def test_a_number_that_python_writes_with_an_exponent(write, darling, tmp_path, answer, scores):
    prompts = write("prompts.jsonl", {"id": "a", "prompt": "?", "answer": answer})
    given = write("given.jsonl", {"id": "a", "responses": [r"\boxed{0.00001}", r"\boxed{10^{-5}}", r"\boxed{e-5}"]})
    code, printed = darling(
        "run", "own", "--prompts", prompts, "--responses", given, "--samples", 3, "--scorer", "math",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, printed
    assert [row["score"] for _, row in sorted(rows(tmp_path / "out", "scores").items())] == scores


@pytest.mark.parametrize("answer", [None, {"answer": "5"}, ["5"], ""])
def test_an_answer_that_is_no_value_names_its_prompt(write, darling, tmp_path, answer):
    prompts = write("prompts.jsonl", {"id": "a7", "prompt": "?", "answer": answer})
    given = write("given.jsonl", {"id": "a7", "responses": ["5"]})
    code, printed = darling(
        "run", "own", "--prompts", prompts, "--responses", given, "--samples", 1, "--scorer", "math",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 1 and "Error: prompt 'a7', field `answer`: " in printed
