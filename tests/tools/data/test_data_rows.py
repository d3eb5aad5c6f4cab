"""Every source's columns become the same item, and a row that is none says why."""

import json

import pytest

from darling_plugin.tools.data.item import Unusable, rank, text_id
from darling_plugin.tools.data.math_rows import problem
from darling_plugin.tools.data.prompt_rows import first_turn, novelty_prompt
from darling_plugin.tools.data.read import read_rows

SVAMP = {"ID": "chal-1", "Body": "There are 3 cows", "Question": "How many legs?", "Answer": 12.0}


@pytest.mark.parametrize(
    ("row", "text", "answer", "id"),
    [
        ({"problem": "1+1?", "answer": "2", "solution": "…"}, "1+1?", "2", f"x-{text_id('1+1?')}"),
        ({"id": 7, "question": " 1+1? ", "answer": 2}, "1+1?", "2", "x-7"),
        ({"idx": 0, "question": "1+1?", "answer": "1+1 is <<1+1=2>>2.\n#### 1,002"}, "1+1?", "1002", "x-0"),
        ({"id": 1, "question": "q", "answer": 27.0}, "q", "27", "x-1"),
        ({"id": 1, "question": "q", "answer": 0.5}, "q", "0.5", "x-1"),
        ({"id": 1, "question": "q", "answer": r"$\frac12$"}, "q", r"\frac12", "x-1"),
        ({"id": 1, "question": "q", "answer": "$x$ and $y$"}, "q", "$x$ and $y$", "x-1"),
        ({"id": 1, "question": "q", "final_answer": ["$2$", "$3$"], "context": None}, "q", "2, 3", "x-1"),
        ({"id": 1, "question": "q", "final_answer": ["2"], "context": "Let x = 1."}, "Let x = 1.\n\nq", "2", "x-1"),
        (SVAMP, "There are 3 cows. How many legs?", "12", "x-chal-1"),
        ({"id": 1, "question": "a \frac12, a \triangle, a \tline", "answer": "\frac12"},
         "a \\frac12, a \\triangle, a \tline", r"\frac12", "x-1"),
    ],
)  # fmt: skip
def test_math_rows(row, text, answer, id):
    item = problem(row, "x")
    assert (item.text, item.answer, item.id) == (text, answer, id)


def test_what_was_repaired_is_counted():
    assert problem({"problem": "\frac12", "answer": "1"}, "x").repaired == "LaTeX commands restored"
    assert problem({"problem": r"\frac12", "answer": "1"}, "x").repaired == ""


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({}, "no column problem or question"),
        ({"problem": None, "answer": "2"}, "no column problem or question"),
        ({"problem": ["1+1?"], "answer": "2"}, "the problem is not text"),
        ({"problem": 11, "answer": "2"}, "the problem is not text"),
        ({"problem": "1+1?"}, "no column final_answer, answer, Answer, expected_answer"),
        ({"problem": "1+1?", "answer": None}, "no column final_answer, answer, Answer, expected_answer"),
        ({"problem": "1+1?", "answer": b"2"}, "the answer is neither text nor a number"),
        ({"problem": "1+1?", "answer": {"value": 2}}, "the answer is neither text nor a number"),
        ({"problem": "1+1?", "answer": ["2", None]}, "the answer is neither text nor a number"),
        ({"problem": "1+1?", "answer": float("nan")}, "the answer is neither text nor a number"),
        ({**SVAMP, "Body": 3}, "the problem is not text"),
    ],
)
def test_rows_that_are_no_problem(row, why):
    with pytest.raises(Unusable, match=why):
        problem(row, "x")


def conversation(text="Write a poem.", role="user", **turn):
    return {
        "conversation_hash": "ab12",
        "conversation": [{"role": role, "content": text, **turn}, {"role": "assistant", "content": "No."}],
        "language": "English",
        "toxic": False,
        "redacted": False,
    }


def test_the_first_message_of_a_conversation():
    item = first_turn(conversation(" Write a poem.\n"), "wildchat")
    assert (item.id, item.text, item.language, item.flags) == ("WildChat-ab12", "Write a poem.", "English", ())
    assert first_turn(conversation() | {"toxic": True}, "wildchat").flags == ("toxic",)
    assert first_turn(conversation(redacted=True), "wildchat").flags == ("redacted",)  # the turn's own mark


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({}, "no conversation"),
        ({"conversation": []}, "no conversation"),
        ({"conversation": "Write a poem."}, "no conversation"),
        ({"conversation": [None]}, "no conversation"),
        (conversation(role="assistant"), "the first message is not the user's"),
        (conversation(text=None), "the first message is not text"),
    ],
)
def test_rows_that_are_no_conversation(row, why):
    with pytest.raises(Unusable, match=why):
        first_turn(row, "wildchat")


def test_noveltybench_rows():
    row = {"id": "curated-0", "prompt": "Tell a joke.", "prompt_paraphrases": ["Joke, please.", 3], "category": "x"}
    item = novelty_prompt(row, "noveltybench_curated")
    assert (item.id, item.text, item.other_wordings) == ("curated-0", "Tell a joke.", ("Joke, please.",))
    with pytest.raises(Unusable, match="no column prompt"):
        novelty_prompt({"text": "Tell a joke."}, "x")
    with pytest.raises(Unusable, match="the prompt is not text"):
        novelty_prompt({"prompt": 3}, "x")


def test_a_conversation_in_parquet_is_read_without_its_later_turns(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.Table.from_pylist([conversation(), conversation("Hi."), {"conversation": None}]), tmp_path / "w.parquet"
    )
    rows = list(read_rows(tmp_path / "w.parquet"))
    assert [len(row["conversation"] or []) for row in rows] == [1, 1, 0]
    assert first_turn(rows[1], "wildchat").text == "Hi."


def test_json_in_all_its_forms(tmp_path):
    for name, text in {
        "lines.jsonl": '\ufeff{"a": 1}\r\n\n{"a": 2}\n',
        "lines.json": '{"a": 1}\n{"a": 2}\n',
        "list.json": ' [{"a": 1}, {"a": 2}]',
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert list(read_rows(tmp_path / name)) == [{"a": 1}, {"a": 2}]
    (tmp_path / "no_objects.jsonl").write_text("[1]\n3\nnull\n")
    assert list(read_rows(tmp_path / "no_objects.jsonl")) == [{}, {}, {}]


def test_the_order_of_a_seed_is_the_items_own():
    items = [problem({"problem": f"What is {k}?", "answer": k}, "x") for k in range(50)]
    there, back = (sorted(some, key=lambda item: rank(item, 3)) for some in (items, items[::-1]))
    assert there == back != items
    assert there != sorted(items, key=lambda item: rank(item, 4))


def test_ranks_of_broken_text():
    assert len(rank(problem(json.loads(r'{"problem": "\ud83d", "answer": "1"}'), "x"), 0)) == 32
