"""The tasks other than math: their prompts, and what each takes for granted."""

import json

import pytest
from eval_rows import rows, summary
from places import SHARED as SHARED_

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.tools.evaluation.tasks import TASKS, task_called
from darling_plugin.tools.evaluation.tasks.base import Source

SHARED = SHARED_ / "data" / "noveltybench"


def test_every_task_is_in_the_table_and_says_what_it_is():
    assert list(TASKS) == ["math", "novelty", "creative", "hard", "code", "countdown", "own"]
    for name, task in TASKS.items():
        assert task.name == name and task.about and task_called(name) is task
    with pytest.raises(ConfigError, match=r"TASK must be one of math, .*, code, countdown, own; got 'maths'"):
        task_called("maths")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public prompts are not here")
def test_noveltybench_as_published(write, darling, tmp_path):
    prompts = TASKS["novelty"].read(Source(data=SHARED))
    assert [sum(one.source == part for one in prompts) for part in ("curated", "wildchat")] == [100, 1000]
    assert prompts[0].text == "Tell me a story in five sentences about a girl and her dog."

    # k = 4 responses of which the second repeats the first; the greedy partition and utility_k at patience 0.8.
    own = ["red is the very best colour", "the very best colour is red", "blue blue blue blue blue blue", "no idea"]
    given = write("given.jsonl", *({"id": f"curated/curated-{number}", "responses": own} for number in range(3)))
    code, printed = darling(
        "run", "novelty", "--sets", "curated", "--data", SHARED, "--limit", 3, "--responses", given, "--samples", 4,
        "--similarity", "lexical", "--scorer", "eval_scorers:of_length", "--reward-scale", "skywork",
        "--out", tmp_path / "a",
    )  # fmt: skip
    assert code == 0, printed
    assert rows(tmp_path / "a", "classes")["curated/curated-1", -1]["classes"] == [0, 0, 1, 2]
    settings = json.loads((tmp_path / "a" / "settings.json").read_text())["settings"]
    assert settings["partition"] == {
        "similarity": "lexical",
        "options": {},
        "threshold": 0.5,
        "way": "greedy",
        "short_text_rule": "authors",
    }
    metrics = summary(tmp_path / "a")["metrics"]
    assert metrics["distinct_4"]["mean"] == 3
    # Rewards are −length / 10: −2.7, −2.7, −2.9 and −0.7, which are above 8, 8, 8 and 9 thresholds: 9, 9, 9, 10.
    assert metrics["utility_4"]["mean"] == pytest.approx((9 + 0.64 * 9 + 0.512 * 10) / 2.952)


def test_countdown_is_the_quickstarts_test(write, darling, tmp_path):
    from darling_plugin.countdown.data import prepare, read_prompts

    prompts = TASKS["countdown"].read(Source(seed=3, limit=5))
    test = read_prompts(prepare(tmp_path / "data", seed=3, eval_prompts=5).test)
    assert [(one.text, one.answer) for one in prompts] == [
        (one.text, {"digits": list(one.digits), "target": one.target}) for one in test
    ]
    one_way, swapped = solutions_of(test[0])
    given = write("given.jsonl", {"id": 0, "responses": [one_way, swapped, "9+9+9+9", "no"]})
    code, _ = darling(
        "run", "countdown", "--responses", given, "--seed", 3, "--limit", 5, "--samples", 4, "--out", tmp_path / "out",
        "--max-missing", 1,
    )  # fmt: skip
    assert code == 0
    assert [row["score"] for _, row in sorted(rows(tmp_path / "out", "scores").items())] == [1, 1, 0, 0]
    metrics = summary(tmp_path / "out")["metrics"]
    # Two ways to write one solution, and two wrong ones: three classes, of which one is right.
    assert metrics["distinct_4"] == {"mean": 3.0, "low": None, "high": None, "problems": 1, "confidence": 0.95}
    assert metrics["distinct correct@4"]["mean"] == 1
    with pytest.raises(InputError, match="have no effect on countdown"):
        TASKS["countdown"].read(Source(sets=("a",)))


def solutions_of(prompt) -> tuple[str, str]:
    """Two ways to write one solution."""
    from darling_plugin.countdown.task import solutions

    found = solutions(tuple(sorted(prompt.digits)))[prompt.target]
    return next(ways[:2] for ways in found.values() if len(ways) > 1)


def test_the_prompts_of_public_writing_benchmarks(write, tmp_path):
    alpaca = tmp_path / "alpaca_eval_gpt4_baseline.json"
    alpaca.write_text(json.dumps([{"instruction": "Write.", "output": "There.", "generator": "g"}]))
    (prompt,) = TASKS["creative"].read(Source(("alpaca_eval",), alpaca))
    assert (prompt.id, prompt.text, prompt.source) == ("alpaca_eval/0", "Write.", "alpaca_eval")
    arena = write(
        "question.jsonl",
        {"uid": "u1", "category": "hard_prompt", "prompt": "Prove it."},
        {"uid": "u2", "category": "creative_writing", "prompt": "Sing it."},
    )
    (prompt,) = TASKS["creative"].read(Source(("arena_hard_writing",), arena))
    assert (prompt.id, prompt.text) == ("arena_hard_writing/u2", "Sing it.")


def test_a_file_of_ones_own(write):
    path = write("p.jsonl", {"id": 1, "prompt": "?", "answer": [1]}, {"id": 2, "prompt": "!", "source": "loud"})
    first, second = TASKS["own"].read(Source(prompts=path))
    assert (first.answer, first.source, second.answer, second.source) == ([1], "", None, "loud")
    assert [one.id for one in TASKS["creative"].read(Source(prompts=path, limit=1))] == ["1"]
    for task, source in (
        ("own", Source()),
        ("own", Source(sets=("a",), prompts=path)),
        ("creative", Source()),
        ("creative", Source(sets=("alpaca_eval",), prompts=path)),
        ("math", Source(prompts=path)),
    ):
        with pytest.raises(InputError, match=r"`--prompts`|`--sets`"):
            TASKS[task].read(source)
    with pytest.raises(InputError, match="line 1: `source` must be a text"):
        TASKS["own"].read(Source(prompts=write("q.jsonl", {"id": 1, "prompt": "?", "source": 2})))
