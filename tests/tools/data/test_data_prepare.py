"""Whole tasks, on rows made by hand so that every count is known, and on the real sets."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from places import ROOT

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.tools.data.prepare import Options, prepare
from darling_plugin.tools.data.tasks import BOXED, TASKS

MATH, CREATIVE, GSM8K = TASKS["math"], TASKS["creative"], TASKS["gsm8k"]
AIME = [
    {
        "id": 0,
        "question": "Find the sum of all integer bases greater than nine for which the number seventeen in that base "
        "is a divisor of the number ninety seven in that base.",
        "answer": "70",
    },
    {"id": 1, "question": "What is $1 + 1$?", "answer": "2"},
]


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def aime(write) -> Path:
    """A folder of sources with one evaluation set."""
    return write("aime25.jsonl", AIME).parent


def rows(path: Path) -> list[dict]:
    return pq.read_table(path).to_pylist()


def steps(output) -> dict[str, tuple[int, dict]]:
    return {step["step"]: (step["kept"], step["dropped"]) for step in output.filters}


def test_each_filter_drops_what_it_should(tmp_path, write, aime, problems):
    good = problems[:20]
    hostile = [
        {"answer": "2"},  # no problem
        {"problem": 3, "answer": "2"},  # no text
        [1, 2],  # no object
        {"problem": "   ", "answer": "2"},  # empty
        {"problem": "What is one\x00 and two and three?", "answer": "6"},
        {"problem": "What is half \ud83d of two and of three?", "answer": "6"},
        {"problem": "1+1=?", "answer": "2"},  # under 10 characters
        {"problem": "very " * 200_000, "answer": "2"},  # a megabyte
        {"problem": "芳芳买了一本书有99页，看了90页，她还剩多少页没有看？", "answer": "9"},
        {"problem": "What is the area of the triangle in the figure?", "answer": "9"},
        {"problem": "How many days has a leap year, all told?", "answer": "366"},
        {"problem": "How many days has a leap year,  all told?", "answer": "366"},  # exact duplicate
        {"problem": "Which number did the prince of Denmark think of?", "answer": "7"},
        {"problem": "Which number did the prince of Denmark think of?", "answer": "8"},  # contradicted
        {"problem": good[0]["problem"] + " Say.", "answer": "100"},  # near duplicate
        {"problem": "Please: " + AIME[0]["question"], "answer": "70"},  # planted
        {"problem": "what is 1+1?", "answer": "2"},  # planted, and short
        {"problem": "At what time does the train from the harbour leave?", "answer": "10:45 a.m."},
        {"problem": "What is left when everything is taken away?", "answer": ""},
    ]
    train = write("train.jsonl", [*good, *hostile])
    *_, made = prepare(MATH, Options(tmp_path / "out", aime, train_files=[train], sets=["aime25"], size=0))
    # 39 rows: 3 are no problem, 3 no proper text, 2 of a wrong length, …
    assert steps(made) == {
        "usable rows": (36, {"no column problem or question": 2, "the problem is not text": 1}),
        "text": (33, {"control characters or broken Unicode": 2, "empty": 1}),
        "length": (31, {"under 10 characters": 1, "over 4000 characters": 1}),
        "language": (30, {"reads as another language": 1}),
        "figures": (29, {"points at a figure": 1}),
        "exact duplicates": (26, {"same text, another answer": 2, "same text": 1}),
        "near duplicates": (25, {"nearly the same text": 1}),
        "overlap with evaluation": (23, {"aime25": 2}),
        "answer": (21, {"math-verify reads it as text only": 1, "math-verify reads no answer": 1}),
        "sample": (21, {}),
    }
    assert made.rows == 21 == len(rows(made.path))
    overlapping = next(step for step in made.filters if step["step"] == "overlap with evaluation")["examples"]
    assert {(one["overlaps"], one["share"]) for one in overlapping} == {("aime25-0", 1.0), ("aime25-1", 1.0)}


def test_the_rows_that_verl_gets(tmp_path, write, aime):
    train = write("train.jsonl", [{"id": "a7", "problem": "How many days has a leap year?", "answer": 366}])
    evaluated, trained = prepare(
        MATH, Options(tmp_path / "out", aime, train_files=[train], name="days", sets=["aime25"], size=1)
    )
    assert trained.path == tmp_path / "out/days_1.parquet"
    sent = f"How many days has a leap year? {BOXED}"
    assert rows(trained.path) == [
        {
            "data_source": "days",
            "prompt": [{"role": "user", "content": sent}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": "366"},
            "extra_info": {"index": 0, "split": "train", "id": "days-a7", "prompt": sent},
        }
    ]
    assert [row["data_source"] for row in rows(evaluated.path)] == ["aime25", "aime25"]
    assert [row["extra_info"]["index"] for row in rows(evaluated.path)] == [0, 1]
    assert pq.read_schema(evaluated.path).equals(pq.read_schema(trained.path))


def test_the_sample_is_the_seeds_whatever_the_order(tmp_path, write, problems, aime):
    shuffled = random.Random(1).sample(problems, len(problems))
    made = {}
    for name, some, seed in (("a", problems, 0), ("b", shuffled, 0), ("c", problems, 1)):
        train = write("train.jsonl", some, folder=f"from_{name}")
        made[name] = prepare(
            MATH, Options(tmp_path / name, aime, train_files=[train], sets=["aime25"], size=50, seed=seed)
        )[-1].path
    assert made["a"].read_bytes() == made["b"].read_bytes()
    assert made["a"].read_bytes() != made["c"].read_bytes()
    drawn = [row["extra_info"]["id"] for row in rows(made["a"])]
    assert len(set(drawn)) == 50
    # A larger sample begins with the smaller one.
    train = write("train.jsonl", shuffled, folder="from_d")
    larger = prepare(MATH, Options(tmp_path / "d", aime, train_files=[train], sets=["aime25"], size=60))[-1].path
    assert [row["extra_info"]["id"] for row in rows(larger)][:50] == drawn


def test_references_are_what_the_verifier_tells_from_others(tmp_path, write, problems, aime):
    answers = [0.00001, 6.02e23, "2 2/3", "1011_2", 0.0000001, True, r"2\frac{2}{3}"]
    some = [problem | {"answer": answer} for problem, answer in zip(problems, answers, strict=False)]
    train = write("train.jsonl", some)
    made = prepare(MATH, Options(tmp_path / "out", aime, train_files=[train], sets=["aime25"], size=0))[-1]
    kept = {row["reward_model"]["ground_truth"] for row in rows(made.path)}
    assert kept == {"0.00001", "602000000000000000000000", "True", r"2\frac{2}{3}"}
    dropped = {"math-verify reads it as another value": 1, "math-verify takes a near miss for it": 2}
    assert steps(made)["answer"] == (4, dropped)


def test_answers_after_the_last_one_that_is_needed_are_not_read(tmp_path, write, problems, aime):
    train = write("train.jsonl", problems)
    made = prepare(MATH, Options(tmp_path / "out", aime, train_files=[train], sets=["aime25"], size=10))[-1]
    answer = next(step for step in made.filters if step["step"] == "answer")
    assert answer["noted"] == {"not read, enough were found": 134}
    assert steps(made)["sample"] == (10, {"not drawn": 134})  # 144 - 10


def test_too_few_are_an_error_that_says_where_they_went(tmp_path, write, problems, aime):
    train = write("train.jsonl", [*problems[:5], {"problem": "x", "answer": "1"}])
    options = Options(tmp_path / "out", aime, train_files=[train], sets=["aime25"], size=10)
    with pytest.raises(
        InputError, match=r"train: 10 training items requested, 5 remain. 6 rows read; dropped by length 1"
    ):
        prepare(MATH, options)
    assert not list(tmp_path.glob("out/train*"))


def test_files_that_hold_nothing(tmp_path, write, aime):
    empty = write("train.jsonl", [])
    with pytest.raises(InputError, match=r"train: all training items requested, 0 remain\. 0 rows read"):
        prepare(MATH, Options(tmp_path / "out", train_files=[empty], sets=[], size=0))
    write("hmmt.jsonl", [{"title": "no problem"}])
    with pytest.raises(InputError, match=r"hmmt: no usable rows: 1 rows read; dropped by usable rows 1"):
        prepare(MATH, Options(tmp_path / "out", aime, train=False, sets=["hmmt"]))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.jsonl", b'{"problem": "What is', "cut.jsonl, line 1: not JSON"),
        ("cut.json", b'[{"problem": "What is', "cut.json: not JSON .* expected a JSON list of JSON objects"),
        ("cut.parquet", b"PAR1 and then nothing", "cut.parquet: not a parquet file"),
        ("deep.jsonl", b"[" * 100_000, "deep.jsonl, line 1: nested too deep"),
        ("latin.jsonl", '{"problem": "é"}'.encode("latin-1"), "latin.jsonl, line 1: not UTF-8 .*iconv"),
        ("table.csv", b"problem,answer", "table.csv: expected a file .jsonl, .json, .parquet, got .csv"),
    ],
)
def test_damaged_files(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        prepare(MATH, Options(tmp_path / "out", train_files=[tmp_path / name], sets=[], size=0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sets": ["aime99"]}, "--sets: math has no evaluation set 'aime99'; it has aime25, hmmt"),
        ({"size": -1}, "--size: got -1, expected a number"),
        ({"revisions": {"aime99": "main"}}, "--revision: there is no data set 'aime99'"),
        ({"train": False, "sets": []}, "leaves nothing to make"),
        ({"most_tokens": 512}, "--max-tokens needs a tokenizer"),
    ],
)
def test_settings_that_are_wrong(tmp_path, options, said):
    with pytest.raises(ConfigError, match=said):
        prepare(MATH, Options(tmp_path, **options))


def test_a_second_time_does_nothing_and_a_change_only_what_it_changes(tmp_path, write, problems, aime):
    train = write("train.jsonl", problems)
    options = {"folder": aime, "train_files": [train], "sets": ["aime25"], "size": 20}

    def made(**more) -> list[bool]:
        return [output.made for output in prepare(MATH, Options(tmp_path / "out", **options | more))]

    assert made() == [True, True]
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()}
    assert made() == [False, False]
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()} == before
    assert made(seed=1) == [False, True]
    assert made(instruction="Answer.") == [True, True]
    assert made(instruction="Answer.") == [False, False]
    write("train.jsonl", problems[1:])  # another input
    assert made(instruction="Answer.") == [False, True]
    (tmp_path / "out/train_20.parquet").write_bytes(b"changed")
    assert made(instruction="Answer.") == [False, True]
    assert made(instruction="Answer.", force=True) == [True, True]
    write("aime25.jsonl", AIME[:1])  # the training problems are held against it
    assert made(instruction="Answer.") == [True, True]


KILLED = """
import os, signal, sys
from pathlib import Path
from darling_plugin.tools.data.prepare import Options, prepare
from darling_plugin.tools.data.tasks import TASKS

really = Path.replace
def replace(self, target):
    if Path(target).name.startswith("train_"):
        os.kill(os.getpid(), signal.SIGKILL)
    return really(self, target)
Path.replace = replace

if __name__ == "__main__":
    out, folder, train = map(Path, sys.argv[1:])
    prepare(TASKS["math"], Options(out, folder, train_files=[train], sets=["aime25"], size=20))
"""


def test_a_killed_run_leaves_no_half_file_and_the_next_goes_on(tmp_path, write, problems, aime):
    train, script, out = write("train.jsonl", problems), tmp_path / "killed.py", tmp_path / "out"
    script.write_text(KILLED)
    done = subprocess.run([sys.executable, str(script), out, aime, train], env=os.environ.copy(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert (out / "aime25.parquet").is_file()
    assert not (out / "train_20.parquet").exists()
    outputs = prepare(MATH, Options(out, aime, train_files=[train], sets=["aime25"], size=20))
    assert [output.made for output in outputs] == [False, True]
    assert sorted(file.name for file in out.iterdir()) == ["aime25.parquet", "manifest.json", "train_20.parquet"]


def test_gsm8k_is_one_data_source(tmp_path, write):
    row = {"question": "Ann has two pears and eats one of them. How many are left?", "answer": "2-1=1\n#### 1"}
    folder = write("gsm8k_train.jsonl", [row]).parent
    write("gsm8k_test.jsonl", [{"question": "How many is a dozen and a half, in all?", "answer": "12+6\n#### 18"}])
    test, train = prepare(GSM8K, Options(tmp_path / "out", folder))
    assert (test.path.name, train.path.name) == ("test.parquet", "train.parquet")
    assert rows(train.path)[0]["data_source"] == rows(test.path)[0]["data_source"] == "gsm8k"
    assert rows(test.path)[0]["reward_model"]["ground_truth"] == "18"


def turns(text, number, **marks):
    return {
        "conversation_hash": f"{number:04x}",
        "conversation": [{"role": "user", "content": text}, {"role": "assistant", "content": "Gladly."}],
        "language": "English",
        "toxic": False,
        "redacted": False,
    } | marks


def test_creative_prompts(tmp_path, write, problems):
    import pyarrow as pa

    texts = [problem["problem"] for problem in problems[:10]]
    good = [turns(text, number) for number, text in enumerate(texts)]
    bad = [
        turns("Skriv et dikt om havet, er du snill.", 20, language="Danish"),
        turns("Write something rude about my neighbour.", 21, toxic=True),
        turns("Write to NAME_1 that the meeting is off.", 22, redacted=True),
        turns("Write a haiku about a heron in the rain.", 23),  # NoveltyBench's, in its first wording
        turns("A prompt that was cleaned up beyond recognition.", 24),  # NoveltyBench's by its id
        turns("Hi", 25),
        turns("Tell me a story. " * 200, 26),
    ]
    folder = write("curated.jsonl", [{"id": "curated-0", "prompt": "Write a haiku about a heron in the rain!"}]).parent
    write("wildchat-1k.jsonl", [{"id": "WildChat-0018", "prompt": "Another text", "original_prompt": "and another"}])
    pq.write_table(pa.Table.from_pylist(good + bad), folder / "wildchat.parquet")
    evaluated, trained = prepare(CREATIVE, Options(tmp_path / "out", folder, size=10))
    assert steps(trained) == {
        "usable rows": (17, {}),
        "text": (17, {}),
        "flags": (15, {"toxic": 1, "redacted": 1}),
        "length": (13, {"under 10 characters": 1, "over 2000 characters": 1}),
        "language": (12, {"marked Danish": 1}),
        "exact duplicates": (12, {}),
        "near duplicates": (12, {}),
        "overlap with evaluation": (10, {"noveltybench_curated": 1, "noveltybench_wildchat": 1}),
        "sample": (10, {}),
    }
    assert (evaluated.path.name, trained.path.name) == ("noveltybench.parquet", "wildchat_10.parquet")
    assert [row["data_source"] for row in rows(evaluated.path)] == ["noveltybench_curated", "noveltybench_wildchat"]
    row = rows(trained.path)[0]
    assert row["prompt"] == [{"role": "user", "content": row["extra_info"]["prompt"]}]
    assert row["extra_info"]["prompt"] in texts
    assert row["reward_model"] == {"style": "model", "ground_truth": ""}


def test_the_recipes_find_their_files():
    from omegaconf import OmegaConf

    configs = ROOT / "configs/darling"
    for task in (MATH, CREATIVE):
        wanted = OmegaConf.load(configs / f"{task.name}.yaml").data
        folder = {"math": "data/math", "creative": "data/creative_writing"}[task.name]
        assert wanted.train_files == f"{folder}/{task.training_file(task.train, task.size)}"
        validation = [wanted.val_files] if isinstance(wanted.val_files, str) else list(wanted.val_files)
        assert {Path(path).name for path in validation} <= set(task.files.values())
        assert task.most_tokens == wanted.max_prompt_length


def test_the_real_evaluation_sets_stay_whole(tmp_path, shared_maths):
    outputs = prepare(MATH, Options(tmp_path, shared_maths, train=False))
    assert {output.path.stem: output.rows for output in outputs} == {
        "aime25": 30, "hmmt": 30, "brumo": 30, "olympiadbench": 675,
        "aime24": 30, "amc23": 40, "gsm8k": 1319, "svamp": 1000,
    }  # fmt: skip
    assert not any(step["dropped"] for output in outputs for step in output.filters)
    by_id = {row["extra_info"]["id"]: row for output in outputs for row in rows(output.path)}
    assert by_id["aime25-0"]["reward_model"]["ground_truth"] == "70"
    assert by_id["gsm8k-0"]["reward_model"]["ground_truth"] == "18"
    assert by_id["svamp-chal-777"]["reward_model"]["ground_truth"] == "145"
    assert by_id["amc23-0"]["reward_model"]["ground_truth"] == "27"
    # this copy of AIME 2025 has "\frac" as a form feed and "rac" in two problems, "\triangle" as a tab in one
    aime = next(output for output in outputs if output.path.stem == "aime25")
    assert aime.filters[0]["noted"] == {"LaTeX commands restored": 3}
    assert not any(char in row["prompt"][0]["content"] for row in rows(aime.path) for char in "\f\t\b")


def test_real_prompts_of_noveltybench_for_training(tmp_path, shared_prompts):
    """Its WildChat part, held against its curated part: two of its prompts are nearly one, one is a curated one."""
    train = shared_prompts / "wildchat-1k.jsonl"
    made = prepare(CREATIVE, Options(tmp_path, shared_prompts, train_files=[train], sets=["curated"], size=0))[-1]
    assert Counter({name: sum(dropped.values()) for name, (_, dropped) in steps(made).items() if dropped}) == {
        "near duplicates": 1,
        "overlap with evaluation": 1,
    }
    # … and against itself: nothing is left.
    with pytest.raises(InputError, match="0 remain"):
        prepare(CREATIVE, Options(tmp_path, shared_prompts, train_files=[train], size=0))


def test_the_manifest_says_what_was_done(tmp_path, write, problems, aime):
    train = write("train.jsonl", problems)
    prepare(MATH, Options(tmp_path / "out", aime, train_files=[train], sets=["aime25"], size=20, seed=5))
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["task"] == "math" and "math-verify" in manifest["versions"]
    said = manifest["files"]["train_20.parquet"]
    assert (said["rows"], said["recipe"]["seed"], said["recipe"]["held_against"]) == (20, 5, ["aime25"])
    assert set(said["recipe"]["inputs"]) == {"deepscaler", "aime25"}
    assert said["origin"] == "train: train.jsonl"
    assert str(tmp_path) not in json.dumps(manifest)  # the same on every machine
