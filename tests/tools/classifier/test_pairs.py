import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.errors import InputError
from darling_plugin.tools.classifier.pairs import (
    Pair,
    digest,
    folds_by_prompt,
    read_pairs,
    split_by_prompt,
    write_pairs,
)

SHARES = {"train": 0.7, "validation": 0.1, "calibration": 0.2}
ROW = {"prompt": "Name a fruit.", "generation_0": "Apple", "generation_1": "A pear", "similar": 0}


def write(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_reads_noveltybench_fields_and_leaves_others_alone(tmp_path: Path) -> None:
    path = write(tmp_path, ROW | {"labeler": "x", "model": "y"}, "", ROW | {"similar": "1"}, ROW | {"similar": True})
    first = Pair("Name a fruit.", "Apple", "A pear", 0)
    second = Pair("Name a fruit.", "Apple", "A pear", 1)
    assert read_pairs(path) == [first, second, second]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    pairs = [Pair("p\n", "ü ✓", "", 1), Pair("q", "\u0000", "日本", 0)]
    write_pairs(tmp_path / "out.jsonl", pairs)
    assert read_pairs(tmp_path / "out.jsonl") == pairs


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({key: value for key, value in ROW.items() if key != "similar"}, "line 2: no field 'similar'"),
        (ROW | {"similar": 2}, r"line 2: 'similar' must be 0 \(distinct\) or 1 \(equivalent\), got 2"),
        (ROW | {"similar": 0.5}, "got 0.5"),
        (ROW | {"similar": None}, "got None"),
        (ROW | {"generation_1": 7}, "line 2: 'generation_1' must be text, got int"),
        ([1], "line 2: expected an object with prompt, .*; got list"),
        ("{broken", "line 2: not JSON"),
        ("[" * 100_000, "line 2: nested too deep"),
        (ROW | {"similar": 10**400}, r"got 10{79}$"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_pairs(write(tmp_path, ROW, row))


def test_a_file_that_is_no_text_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "weights.jsonl"
    path.write_bytes(b"\xff\xfe\x00{\n")
    with pytest.raises(InputError, match=r"weights\.jsonl, line 1: UTF-16, expected UTF-8"):
        read_pairs(path)


def test_a_byte_order_mark_and_line_ends_of_another_system_are_no_error(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ROW).encode() + b"\r\n" + json.dumps(ROW).encode())
    assert len(read_pairs(path)) == 2


def test_no_pairs_and_no_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pairs"):
        read_pairs(write(tmp_path, ""))
    with pytest.raises(InputError, match=r"no such file of labeled pairs: .*absent\.jsonl"):
        read_pairs(tmp_path / "absent.jsonl")


def test_a_hugging_face_dataset_in_a_folder_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder, ROW, ROW | {"similar": 1})
    assert [pair.similar for pair in read_pairs(f"{folder}:train")] == [0, 1]


def test_the_digest_follows_content_and_order() -> None:
    a, b = Pair("p", "x", "y", 0), Pair("p", "x", "y", 1)
    assert digest([a, b]) == digest([a, b]) != digest([b, a])
    assert digest([Pair("p", "xy", "", 0)]) != digest([Pair("p", "x", "y", 0)])


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.integers(0, 1)), min_size=1), st.integers(0, 5))
def test_a_split_loses_no_pair_and_shares_no_prompt(rows: list[tuple[str, int]], seed: int) -> None:
    pairs = [Pair(prompt, "x", "y", similar) for prompt, similar in rows]
    parts = split_by_prompt(pairs, SHARES, seed)
    assert sorted(pair.prompt + str(pair.similar) for part in parts.values() for pair in part) == sorted(
        pair.prompt + str(pair.similar) for pair in pairs
    )
    prompts = [{pair.prompt for pair in part} for part in parts.values()]
    assert sum(map(len, prompts)) == len(set.union(*prompts))


def test_a_split_does_not_move_prompts_when_pairs_are_added() -> None:
    few = [Pair(str(number), "x", "y", 0) for number in range(50)]
    more = few + [Pair(str(number), "x", "y", 0) for number in range(50, 200)]
    before, after = split_by_prompt(few, SHARES, 3), split_by_prompt(more, SHARES, 3)
    for name in SHARES:
        assert set(before[name]) <= set(after[name])
    # 200 prompts, 70 % of them: 140 on average, ± 3 standard deviations of 6.5
    assert 120 <= len(after["train"]) <= 160


def test_case_and_space_do_not_make_another_prompt() -> None:
    pairs = [Pair("Name a  Fruit ", "x", "y", 0), Pair("name a fruit", "x", "z", 1)]
    assert sorted(map(len, split_by_prompt(pairs, SHARES, 0).values())) == [0, 0, 2]


def test_folds_hold_out_every_pair_once_and_no_prompt_twice() -> None:
    pairs = [Pair(str(number // 3), "x", "y", number % 2) for number in range(60)]
    folds = folds_by_prompt(pairs, 5, seed=1)
    assert sorted(index for fold in folds for index in fold) == list(range(60))
    prompts = [{pairs[index].prompt for index in fold} for fold in folds]
    assert sum(map(len, prompts)) == 20
    with pytest.raises(InputError, match="5 folds need pairs of at least 5 prompts, got 1"):
        folds_by_prompt(pairs[:3], 5, seed=1)
