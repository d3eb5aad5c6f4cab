import json

import pyarrow.parquet as pq
import pytest

from darling_plugin.countdown.data import MIN_CLASSES, prepare, read_prompts, split
from darling_plugin.countdown.reward import compute_score
from darling_plugin.countdown.task import solutions
from darling_plugin.errors import InputError

SMALL = {"train_prompts": 8, "validation_prompts": 4, "eval_prompts": 6}


def test_no_pool_is_in_two_parts():
    train, validation, test = ({prompt.digits for prompt in part} for part in split())
    assert not (train & validation or train & test or validation & test)
    # 1287 pools in all, of which 12, such as 1 1 1 1 1, allow no prompt: ten of 1087, one of 50, one of 150.
    assert (len(train), len(validation), len(test)) == (1077, 49, 149)


def test_the_parts_hold_every_prompt():
    assert sum(len(part) for part in split()) == 28_863  # as counted by the prototype
    assert all(len(solutions(p.digits)[p.target]) >= MIN_CLASSES for p in split().test)


def test_same_seed_same_files(tmp_path):
    first, second = (prepare(tmp_path / name, seed=3, **SMALL) for name in "ab")
    assert first.train.read_bytes() == second.train.read_bytes()
    assert first.test.read_bytes() == second.test.read_bytes()
    assert prepare(tmp_path / "c", seed=4, **SMALL).train.read_bytes() != first.train.read_bytes()


def test_reuses_what_matches(tmp_path):
    assert not prepare(tmp_path, **SMALL).reused
    assert prepare(tmp_path, **SMALL).reused
    assert not prepare(tmp_path, **SMALL | {"train_prompts": 9}).reused  # other arguments
    (tmp_path / "val.parquet").write_bytes(b"changed")
    assert not prepare(tmp_path, **SMALL | {"train_prompts": 9}).reused
    assert prepare(tmp_path, **SMALL | {"train_prompts": 9}).reused


def test_rows_are_what_verl_reads(tmp_path):
    prepared = prepare(tmp_path, **SMALL)
    rows = pq.read_table(prepared.train).to_pylist()
    assert len(rows) == 8
    row = rows[0]
    assert set(row) == {"data_source", "prompt", "ability", "reward_model", "extra_info"}
    digits, target = row["extra_info"]["digits"], row["extra_info"]["target"]
    assert row["prompt"] == [{"role": "user", "content": f"{''.join(map(str, digits))}={target:02d}:"}]
    assert json.loads(row["reward_model"]["ground_truth"]) == {"digits": digits, "target": target}
    solution = next(iter(solutions(tuple(sorted(digits)))[target].values()))[0]
    assert compute_score("countdown", solution, row["reward_model"]["ground_truth"])["score"] == 1.0


def test_read_prompts_gives_back_the_file(tmp_path):
    prepared = prepare(tmp_path, **SMALL)
    texts = [row["prompt"][0]["content"] for row in pq.read_table(prepared.test).to_pylist()]
    assert [prompt.text for prompt in read_prompts(prepared.test)] == texts
    assert {tuple(sorted(p.digits)) for p in read_prompts(prepared.test)} <= {p.digits for p in split().test}


@pytest.mark.parametrize("size", [0, 10**6])
def test_more_prompts_than_there_are(tmp_path, size):
    with pytest.raises(InputError, match="train prompts"):
        prepare(tmp_path, train_prompts=size)
