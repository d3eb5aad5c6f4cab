"""Groups written out for people to read."""

import json
from pathlib import Path

import numpy as np
import pytest
from hook_batches import group

from darling_plugin import samples
from darling_plugin.config import SampleSettings

HOSTILE = "<script>alert(1)</script> | a\nb & c"


@pytest.mark.parametrize(
    ("every", "steps"),
    [(10, [1, 10, 20]), (1, list(range(1, 26))), (7, [1, 7, 14, 21]), (0, [])],
)
def test_due_in_the_first_step_and_each_so_many(every, steps):
    assert [step for step in range(1, 26) if samples.due(step, SampleSettings(every=every))] == steps


def test_whole_groups_are_chosen_in_the_order_of_the_batch():
    uid = np.array(["b", "a", "b", "c", "a"], dtype=object)
    assert samples.choose_rows(uid, 2).tolist() == [0, 2, 1, 4]
    assert sorted(samples.choose_rows(uid, 9).tolist()) == [0, 1, 2, 3, 4]


def test_a_file_with_every_response_of_a_group(make_trainer, compute, tmp_path: Path):
    trainer = make_trainer("+darling.samples.groups=1")
    trainer.global_steps = 1
    # a: classes {x, x} and the other text: d = 1/2, 1/2, 1; r = 1/2, 0, 1; mean 1/2.
    a = group("a", ("x", 1.0), ("x", 0.0), (HOSTILE, 1.0), prompt="Größe?")
    b = group("b", ("p", 1.0), ("q", 1.0))
    compute(trainer, [a[0], b[0], a[1], b[1], a[2]])

    files = list((tmp_path / "darling_samples").iterdir())
    assert [file.name for file in files] == ["step_000001.jsonl"]
    rows = [json.loads(line) for line in files[0].read_bytes().splitlines()]
    (uid,) = {row.pop("uid") for row in rows}
    assert uid.startswith("a-")
    numbers = ("class", "quality", "diversity", "reward", "advantage")
    assert [row.pop("response") for row in rows] == ["x", "x", HOSTILE]
    assert [[row.pop(name) for name in numbers] for row in rows] == [
        pytest.approx([0, 1.0, 0.5, 0.5, 0.0]),
        pytest.approx([0, 0.0, 0.5, 0.0, -0.5]),
        pytest.approx([1, 1.0, 1.0, 1.0, 0.5]),
    ]
    assert rows == [{"step": 1, "prompt": "Größe?"}] * 3


def test_a_folder_of_ones_own_and_no_class_without_a_partition(make_trainer, compute, tmp_path: Path):
    trainer = make_trainer(
        f"+darling.samples.folder={tmp_path}/mine", "+darling.samples.every=2", "+darling.objective=ngram"
    )
    compute(trainer, group("a", ("x", 1.0), ("y", 0.0)))
    (file,) = (tmp_path / "mine").iterdir()
    assert file.name == "step_000002.jsonl"
    assert [json.loads(line)["class"] for line in file.read_bytes().splitlines()] == [None, None]


def test_a_step_of_several_mini_batches_writes_its_first(make_trainer, compute, tmp_path: Path):
    trainer = make_trainer()
    trainer.global_steps = 1
    compute(trainer, group("a", ("first", 1.0), ("one", 0.0)))
    compute(trainer, group("b", ("second", 1.0), ("two", 0.0)))
    (file,) = (tmp_path / "darling_samples").iterdir()
    assert [json.loads(line)["response"] for line in file.read_bytes().splitlines()] == ["first", "one"]


def test_nothing_is_written_in_other_steps(make_trainer, compute, tmp_path: Path):
    compute(make_trainer(), group("a", ("x", 1.0), ("y", 0.0)))
    assert not (tmp_path / "darling_samples").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_tensorboard_shows_a_response_as_text(make_trainer, compute, tmp_path: Path, monkeypatch):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from verl.utils.tracking import Tracking

    monkeypatch.setenv("TENSORBOARD_DIR", str(tmp_path / "board"))
    trainer = make_trainer()
    trainer.global_steps = 10
    trainer.logger = Tracking("project", "experiment", default_backend="tensorboard")
    compute(trainer, group("a", (HOSTILE, 1.0), ("y", 0.0)))
    trainer.logger.logger["tensorboard"].finish()

    events = EventAccumulator(str(tmp_path / "board"), size_guidance={"tensors": 0}).Reload()
    (event,) = events.Tensors("darling/samples/text_summary")
    assert event.step == 10
    text = event.tensor_proto.string_val[0].decode()
    lines = text.splitlines()
    assert lines[0] == "| step | uid | prompt | response | class | quality | diversity | reward | advantage |"
    assert len(lines) == 4  # header, rule and two responses: no line break of a response breaks the table
    assert "&#60;script&#62;alert&#40;1&#41;&#60;&#47;script&#62; &#124; a b &#38; c" in lines[2]
    assert "<script" not in text
    assert {line.count("|") for line in lines} == {10}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_wandb_takes_the_table(make_trainer, compute, tmp_path: Path, monkeypatch):
    pytest.importorskip("wandb")
    from verl.utils.tracking import Tracking

    for name, value in {"MODE": "offline", "DIR": str(tmp_path), "SILENT": "true"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    trainer = make_trainer()
    trainer.global_steps = 10
    trainer.logger = Tracking("project", "experiment", default_backend="wandb")
    compute(trainer, group("a", (HOSTILE, 1.0), ("y", 0.0)))
    trainer.logger.logger["wandb"].finish()
    (table,) = tmp_path.rglob("*.table.json")
    saved = json.loads(table.read_text())
    assert saved["columns"] == list(samples.COLUMNS)
    assert [row[3] for row in saved["data"]] == [HOSTILE, "y"]
