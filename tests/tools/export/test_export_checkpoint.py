"""Which checkpoint of a run is taken, and what is refused."""

import json
from pathlib import Path

import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.export.checkpoint import Form, find_checkpoint


def test_the_latest_of_a_run(fsdp, tmp_path):
    for step in (5, 10, 15):
        fsdp(step)
    fsdp(20, finished=False)  # verl was killed while it saved
    run = tmp_path / "run"
    found = find_checkpoint(run)
    assert (found.step, found.form, found.run) == (15, Form.fsdp, run)
    assert found.actor == run / "global_step_15/actor" and found.huggingface == found.actor / "huggingface"
    assert find_checkpoint(run, 5).step == 5
    assert find_checkpoint(run, 20).step == 20  # its files are whole
    assert find_checkpoint(run / "global_step_10").step == 10
    assert find_checkpoint(run / "global_step_10/actor").step == 10
    assert find_checkpoint(run / "global_step_10", 10).run == run


def test_a_folder_with_checkpoints_in_it(fsdp, tmp_path):
    # The quickstart's, for one.
    fsdp(3)
    (tmp_path / "run").rename(tmp_path / "checkpoints")
    assert find_checkpoint(tmp_path).run == tmp_path / "checkpoints"


def test_weights_that_verl_wrote_in_hugging_face_format_are_preferred(fsdp):
    actor = fsdp(1)
    (actor / "huggingface/model.safetensors").touch()
    assert find_checkpoint(actor).form is Form.huggingface
    # but for LoRA: verl writes them under names that no one reads
    (actor / "lora_train_meta.json").write_text('{"r": 8}')
    assert find_checkpoint(actor).form is Form.fsdp


@pytest.mark.parametrize(
    ("contents", "files", "form"),
    [
        ({"model": {}}, ["model/huggingface/model-00001-of-00002.safetensors"], Form.huggingface),
        ({"model": {}}, ["model/huggingface/adapter/adapter_config.json"], Form.adapter),
        ({"model": {}}, ["model/dist_ckpt/__0_0.distcp"], Form.megatron),
        ({"hf_model": {}}, ["model/huggingface/model.safetensors", "model/dist_ckpt/__0_0.distcp"], Form.huggingface),
    ],
)
def test_megatron(megatron, contents, files, form):
    actor = megatron(2, contents, *files)
    found = find_checkpoint(actor)
    assert found.form is form and found.huggingface == actor / "model/huggingface"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda a: (a / "fsdp_config.json").unlink(), r"incomplete: neither fsdp_config\.json nor ckpt_contents\.json"),
        (lambda a: (a / "fsdp_config.json").write_text('{"FSDP'), r"incomplete: fsdp_config\.json cannot be read"),
        (lambda a: (a / "fsdp_config.json").write_text("{}"), r"fsdp_config\.json has world_size=None"),
        (lambda a: (a / "model_world_size_2_rank_1.pt").unlink(), r"rank_1\.pt missing of 2 shards; .* own disk"),
        (lambda a: cut(a / "model_world_size_2_rank_1.pt"), r"model_world_size_2_rank_1\.pt is cut off"),
        (lambda a: [f.unlink() for f in a.glob("*.pt")], "holds no weights; include .*save_contents"),
        (lambda a: (a / "huggingface/config.json").unlink(), r"huggingface/config\.json is missing"),
    ],
)
def test_a_half_written_one(fsdp, damage, said):
    actor = fsdp(7)
    damage(actor)
    with pytest.raises(InputError, match=said) as caught:
        find_checkpoint(actor.parent.parent)
    assert str(caught.value).startswith(f"CHECKPOINT: {actor} ")


def test_a_half_written_megatron_one(megatron):
    actor = megatron(2, {"model": {}})
    with pytest.raises(InputError, match=r"the weights that ckpt_contents\.json names are missing"):
        find_checkpoint(actor)
    (actor / "ckpt_contents.json").write_text(json.dumps({"contents": {"optimizer": {}}}))
    with pytest.raises(InputError, match="holds no weights"):
        find_checkpoint(actor)
    (actor / "ckpt_contents.json").unlink()
    with pytest.raises(InputError, match=r"ckpt_contents\.json, which verl writes last, is missing"):
        find_checkpoint(actor)


def test_none_and_another_step(fsdp, tmp_path):
    with pytest.raises(InputError, match=f"{tmp_path / 'absent'} is not a folder"):
        find_checkpoint(tmp_path / "absent")
    with pytest.raises(InputError, match=r"holds no checkpoint, expected global_step_N .*trainer\.save_freq above 0"):
        find_checkpoint(tmp_path)
    fsdp(5)
    actor = fsdp(10)
    with pytest.raises(InputError, match=r"--step: got 7, but .*run holds steps 5, 10; give one of them"):
        find_checkpoint(tmp_path / "run", 7)
    with pytest.raises(InputError, match=r"--step: got 5, but .* is of step 10; give the run's folder"):
        find_checkpoint(actor, 5)
    tracker = tmp_path / "run/latest_checkpointed_iteration.txt"
    tracker.write_text("15")
    with pytest.raises(InputError, match=r"latest_checkpointed_iteration\.txt says 15, but .* holds steps 5, 10"):
        find_checkpoint(tmp_path / "run")
    tracker.write_text("")
    with pytest.raises(InputError, match=r"no checkpoint in .*run was finished: steps 5, 10 are there"):
        find_checkpoint(tmp_path / "run")
