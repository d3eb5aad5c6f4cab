"""Checkpoints of somebody else: their pickles do not run, their links bring nothing, their texts look up nothing."""

import os
import pickle
import zipfile
from pathlib import Path

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.export.export import export
from darling_plugin.tools.export.pickles import check_shards


class Runs:
    def __reduce__(self):
        return os.system, ("touch ran",)


def write_shard(path: Path, data: bytes, *more: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", data)
        for name in more:
            file.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pickle.dumps({"w": Runs()}, protocol=2), "posix.system"),
        (pickle.dumps({"w": Runs()}, protocol=4), "STACK_GLOBAL"),
        (b"(S'touch ran'\nios\nsystem\n.", "INST"),
        (b"\x80\x02\xff", "damaged pickle"),
    ],
)
def test_a_pickle_that_would_run_is_refused(tmp_path, data, said):
    with pytest.raises(InputError, match=rf"shard\.pt holds .*{said}.* --trust"):
        check_shards([write_shard(tmp_path / "shard.pt", data)])


def test_an_archive_with_several_pickles_is_refused(tmp_path):
    shard = write_shard(tmp_path / "shard.pt", pickle.dumps({}, protocol=2), "archive/constants.pkl")
    with pytest.raises(InputError, match=r"constants\.pkl"):
        check_shards([shard])


def test_what_torch_saves_of_tensors_is_accepted(tmp_path):
    import torch

    tensors = {"a": torch.zeros(2, dtype=torch.bfloat16), "b": torch.nn.Parameter(torch.ones(1))}
    torch.save(tensors, tmp_path / "shard.pt")
    check_shards([tmp_path / "shard.pt"])


def test_export_runs_no_pickle(fsdp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    actor = fsdp(3)
    for shard in actor.glob("*.pt"):
        write_shard(shard, pickle.dumps({"w": Runs()}, protocol=2))
    with pytest.raises(InputError, match="--trust"):
        export(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "ran").exists() and not (tmp_path / "out").exists()


def test_a_link_that_leaves_the_run_is_refused(fsdp, tmp_path):
    actor = fsdp(3)
    (tmp_path / "private").write_text("private")
    (actor / "huggingface/notes.txt").symlink_to(tmp_path / "private")
    with pytest.raises(InputError, match=r"notes\.txt links to .*private, outside of"):
        export(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_card_holds_nothing_of_the_exporters_environment(megatron, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_PRIVATE_THING", "exporters-own")
    monkeypatch.chdir(tmp_path)
    actor = megatron(3, {"model": {}}, "model/huggingface/adapter/adapter_config.json")
    (actor / "model/huggingface/adapter/adapter_model.safetensors").write_text("x")
    (tmp_path / "run/.hydra").mkdir()
    (tmp_path / "run/.hydra/config.yaml").write_text(
        "trainer: {project_name: '${oc.env:MY_PRIVATE_THING}', default_local_dir: /home/alice/runs/first}\n"
        "actor_rollout_ref: {model: {path: '${oc.env:MY_PRIVATE_THING}'}}\nnote: sk-abcdefghijk\n"
    )
    export(tmp_path / "run", tmp_path / "out")
    written = "".join(file.read_text() for file in (tmp_path / "out").glob("*.[my]*"))
    assert "${oc.env:MY_PRIVATE_THING}" in written
    for private in ("exporters-own", "alice", "abcdefghijk"):
        assert private not in written
