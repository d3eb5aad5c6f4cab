"""What a run left behind, and where it is found."""

import hashlib
import json
from pathlib import Path

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.export.record import DataFile, read_record

CONFIG = """
algorithm: {adv_estimator: darling}
trainer:
  default_local_dir: RUN
  project_name: darling-math
  experiment_name: first
data:
  train_files: data/train.parquet
  val_files: [data/train.parquet, data/absent.parquet]
actor_rollout_ref: {model: {path: Qwen/Qwen3-4B-Base}, ref: {path: "${actor_rollout_ref.model.path}"}}
ray_kwargs: {ray_init: {runtime_env: {env_vars: {WANDB_API_KEY: abc}}}}
"""


def launch(folder: Path, run: str, started_in: Path, text: str = CONFIG) -> Path:
    """What Hydra writes when a job starts."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra/config.yaml").write_text(text.replace("RUN", run))
    (folder / ".hydra/hydra.yaml").write_text(json.dumps({"hydra": {"runtime": {"cwd": str(started_in)}}}))
    return folder / ".hydra/config.yaml"


def write_metrics(path: Path, steps: int = 3) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"step": step, "data": {"critic/score/mean": step / 10, "text": "x"}} for step in range(1, steps + 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "work/checkpoints/first"
    folder.mkdir(parents=True)
    (tmp_path / "work/data").mkdir()
    (tmp_path / "work/data/train.parquet").write_bytes(b"rows")
    return folder


def test_in_the_runs_own_folder(run, tmp_path):
    file = launch(run, str(run), tmp_path / "work")
    write_metrics(run / "metrics.jsonl")
    record = read_record(run, 2)
    assert (record.config_file, record.metrics_file) == (file, run / "metrics.jsonl")
    assert record.get("actor_rollout_ref.ref.path") == "Qwen/Qwen3-4B-Base"  # resolved
    assert record.get("ray_kwargs.ray_init.runtime_env.env_vars.WANDB_API_KEY") == "(left out)"
    assert record.get("trainer.absent.key") is None
    assert [row["step"] for row in record.rows] == [1, 2]  # step 3 is not of this checkpoint
    assert record.rows[1] == {"step": 2.0, "critic/score/mean": 0.2}
    assert len(read_record(run, None).rows) == 3
    digest = hashlib.sha256(b"rows").hexdigest()
    assert record.data == (
        DataFile("train_files", "data/train.parquet", digest),
        DataFile("val_files", "data/train.parquet", digest),
        DataFile("val_files", "data/absent.parquet", None),
    )


def test_in_the_folder_above(run, tmp_path):
    launch(run.parent, str(run), tmp_path / "work")
    write_metrics(run.parent / "verl_metrics.jsonl")
    record = read_record(run, 3)
    assert record.get("algorithm.adv_estimator") == "darling" and len(record.rows) == 3


def test_in_hydras_and_verls_own_places(run, tmp_path, monkeypatch):
    work = tmp_path / "work"
    monkeypatch.chdir(work)
    launch(work / "outputs/2026-01-01/10-00-00", "checkpoints/first", work)
    newest = launch(work / "outputs/2026-01-02/09-00-00", "checkpoints/${trainer.experiment_name}", work)
    launch(work / "outputs/2026-01-03/09-00-00", "checkpoints/second", work)
    launch(work / "outputs/2026-01-04/09-00-00", "checkpoints/first", tmp_path / "elsewhere")
    launch(work / "outputs/2026-01-05/09-00-00", "checkpoints/${oc.env:DARLING_TEST_ABSENT}", work)
    launch(work / "outputs/2026-01-06/09-00-00", "", work, "no: [")
    launch(run.parent, "checkpoints/third", work)
    (work / "train.jsonl").write_text("no metrics\n")
    write_metrics(work / "darling-math/first.jsonl")
    record = read_record(run, 3)
    assert record.config_file == newest
    assert record.started_in == work and record.data[0].digest is not None
    assert record.metrics_file == work / "darling-math/first.jsonl" and len(record.rows) == 3


def test_nothing_is_found(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    record = read_record(run, 3)
    assert (record.config, record.rows, record.data) == ({}, (), ())
    assert (record.config_file, record.metrics_file) == (None, None)


def test_given(run, tmp_path):
    file = launch(tmp_path / "kept", "elsewhere", tmp_path / "work")
    write_metrics(tmp_path / "kept/any.jsonl")
    for config in (file, tmp_path / "kept", tmp_path / "kept/.hydra"):
        for metrics in (tmp_path / "kept/any.jsonl", tmp_path / "kept"):
            record = read_record(run, 1, config=config, metrics=metrics)
            assert record.get("trainer.experiment_name") == "first" and len(record.rows) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "got no configuration"),
        ("a: ${b.c}", "got no configuration .*b.c"),
        ("- 1", "got a list, expected the configuration"),
    ],
)
def test_a_damaged_configuration(run, tmp_path, text, said):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_record(run, 1, config=tmp_path / "config.yaml")


def test_given_ones_that_are_absent(run, tmp_path):
    with pytest.raises(
        InputError, match=r"--config: .*absent is neither a file nor a folder with \.hydra/config\.yaml"
    ):
        read_record(run, 1, config=tmp_path / "absent")
    with pytest.raises(InputError, match=r"--metrics: .*absent is not there"):
        read_record(run, 1, metrics=tmp_path / "absent")
    (tmp_path / "rows.jsonl").write_text('{"loss": 1}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl, line 1: got no number under 'step'"):
        read_record(run, 1, metrics=tmp_path / "rows.jsonl")
