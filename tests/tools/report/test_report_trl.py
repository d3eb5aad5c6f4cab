"""A folder that TRL wrote, as a run."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.report.read import read_run
from darling_plugin.tools.report.trl import read_trl_groups, read_trl_metrics


def table(folder, step, **columns):
    (folder / "completions").mkdir(exist_ok=True)
    rows = len(columns["prompt"])
    pq.write_table(
        pa.table({"step": [step] * rows, **columns}), folder / "completions" / f"completions_{step:05d}.parquet"
    )


def state(folder, checkpoint, *history):
    (folder / checkpoint).mkdir()
    (folder / checkpoint / "trainer_state.json").write_text(json.dumps({"log_history": history}))


def test_steps_are_those_of_the_last_checkpoint_under_the_pages_names(tmp_path):
    first = {"step": 1, "reward": 0.5, "entropy": 2.0, "completions/mean_length": 7.0, "darling/quality/mean": 0.6}
    state(tmp_path, "checkpoint-9", first)
    state(tmp_path, "checkpoint-10", first, {"step": 2, "eval_reward": 0.1}, {"step": 2, "reward": 0.7, "kl": None})
    assert read_trl_metrics(tmp_path) == [
        {"step": 1, "reward": 0.5, "actor/entropy": 2.0, "response_length/mean": 7.0, "darling/quality/mean": 0.6},
        {"step": 2, "reward": 0.7},
    ]


def test_groups_are_known_by_their_column_or_by_their_prompt(tmp_path):
    columns = {"quality": [1.0, 0.0], "diversity": [1.0, None], "class": [0, -1], "darling": [1.0, 0.0]}
    # Two groups of one response each, to the same prompt.
    table(tmp_path, 1, prompt=["p", "p"], completion=["a", "b"], group=[0, 1], advantage=[0.5, -0.5], **columns)
    talk = [{"role": "user", "content": "hello"}]
    table(tmp_path, 2, prompt=[talk, talk], completion=["a", "b"], advantage=[0.5, -0.5])
    first, second, third = read_trl_groups(tmp_path)
    assert [len(group.responses) for group in (first, second, third)] == [1, 1, 2]
    assert first.responses[0].label == 0 and first.responses[0].measures["reward"] == 1.0
    assert second.responses[0].label == -1 and second.responses[0].measures["diversity"] is None
    assert third.prompt == "user: hello" and third.responses[0].label is None
    assert read_run(tmp_path, "run").groups == (first, second, third)


def test_a_state_that_is_none(tmp_path):
    (tmp_path / "trainer_state.json").write_text("{}")
    with pytest.raises(InputError, match="got no list of objects under log_history"):
        read_trl_metrics(tmp_path)
    assert read_trl_metrics(tmp_path / "elsewhere") == [] == read_trl_groups(tmp_path)
