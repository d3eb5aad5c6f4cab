"""Which responses are a prompt's: by id, by text, or by the id that a benchmark's own files have."""

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.precomputed import Given
from darling_plugin.tools.evaluation.prompts import Prompt

CURATED = [Prompt("curated/curated-0", "Tell a joke.", None, "curated"), Prompt("curated/curated-1", "Name a fruit.")]


@pytest.fixture
def found(write):
    """found(prompts, row, …): prompt id → responses."""
    return lambda prompts, *rows: Given(write("given.jsonl", *rows), "--responses").to(prompts)


@pytest.mark.parametrize(
    "row",
    [
        {"id": "curated-1", "prompt": "Name a fruit.", "generations": ["fig"]},  # NoveltyBench's own file
        {"id": "curated-1", "generations": ["fig"]},
        {"id": "curated/curated-1", "responses": ["fig"]},
        {"id": "something else", "prompt": "Name a fruit.", "response": "fig"},
        {"prompt": "Name a fruit.", "output": "fig"},
        {"id": None, "prompt": "Name a fruit.", "output": "fig"},
    ],
)
def test_a_prompt_is_found_by_id_or_by_text(found, row):
    assert found(CURATED, row) == {"curated/curated-1": ["fig"]}


def test_the_same_number_in_two_parts_is_nobodys(found, caplog):
    prompts = [Prompt("a/0", "x"), Prompt("b/0", "y"), Prompt("b/1", "z")]
    rows = [{"id": 0, "responses": ["?"]}, {"id": 1, "responses": ["z1"]}]
    assert found(prompts, *rows) == {"b/1": ["z1"]}
    assert "1 of 2 rows belong to no prompt, neither by id nor by text: '0'" in caplog.text


def test_a_text_says_more_than_an_id_in_another_order(found):
    prompts = [Prompt("0", "x"), Prompt("1", "y")]
    rows = [{"id": 0, "prompt": "y", "response": "of y"}, {"id": 1, "prompt": "x", "response": "of x"}]
    assert found(prompts, *rows) == {"1": ["of y"], "0": ["of x"]}


def test_two_prompts_of_one_text_are_told_apart_by_id(found):
    prompts = [Prompt("0", "x"), Prompt("1", "x")]
    rows = [{"id": 1, "prompt": "x", "response": "b"}, {"id": 0, "prompt": "x", "response": "a"}]
    assert found(prompts, *rows) == {"1": ["b"], "0": ["a"]}


def test_rows_that_match_nothing_are_named(found):
    with pytest.raises(
        InputError, match=r"2 of 2 rows belong to no prompt.*'q-1', 'q-2'\. The ids of the prompts are 'curated/"
    ):
        found(CURATED, {"id": "q-1", "response": "a"}, {"id": "q-2", "response": "b"})


def test_a_second_row_adds_to_the_first(found):
    rows = [{"prompt": "Tell a joke.", "response": "a"}, {"id": "curated-0", "response": "b"}]
    assert found(CURATED, *rows) == {"curated/curated-0": ["a", "b"]}
