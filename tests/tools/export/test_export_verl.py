"""Checkpoints that verl's own class wrote, merged by verl's own merger."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from darling_plugin.errors import DarlingError
from darling_plugin.tools.export.export import export

pytestmark = [
    pytest.mark.verl,
    pytest.mark.skipif(find_spec("verl") is None, reason="needs verl"),
]


def tensors(folder: Path, name: str = "model.safetensors"):
    from safetensors.torch import load_file

    return load_file(folder / name)


def test_fsdp_shards(verl_checkpoints, tmp_path):
    exported = export(verl_checkpoints / "run", tmp_path / "out")
    assert exported.checkpoint.step == 2 and exported.weights.merged
    assert not exported.weights.adapter and exported.weights.base
    expected = tensors(verl_checkpoints / "run_expected/step_2")
    got = tensors(tmp_path / "out")
    assert got.keys() == expected.keys()  # tied: no second copy of the embeddings
    for name in got:
        assert got[name].equal(expected[name].bfloat16()), name  # the merger rounds
    assert "FSDP shards, merged by verl's model merger" in (tmp_path / "out/README.md").read_text()


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft's
def test_fsdp_shards_with_an_adapter(verl_checkpoints, tmp_path):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    exported = export(verl_checkpoints / "lora", tmp_path / "out")
    assert exported.weights.base and exported.weights.adapter
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    policy = PeftModel.from_pretrained(base, tmp_path / "out/lora_adapter").eval()
    adapter = tensors(verl_checkpoints / "lora_expected/step_1", "adapter_model.safetensors")
    got = tensors(tmp_path / "out/lora_adapter", "adapter_model.safetensors")
    assert got.keys() == adapter.keys() and all(got[name].equal(adapter[name].bfloat16()) for name in got)
    # Base and adapter fit together: what the policy says is what it said when it was saved, up to bfloat16.
    ids = torch.arange(1, 9)[None]
    with torch.inference_mode():
        expected = torch.load(verl_checkpoints / "lora_expected/logits.pt", weights_only=True)
        torch.testing.assert_close(policy(ids).logits, expected, atol=0.05, rtol=0.05)
        with policy.disable_adapter():
            assert not torch.allclose(policy(ids).logits, expected, atol=0.5)


def test_an_adapter_alone(verl_checkpoints, tmp_path):
    exported = export(verl_checkpoints / "lora_only", tmp_path / "out")
    assert exported.weights.adapter and not exported.weights.base
    assert not (tmp_path / "out/config.json").exists()
    adapter = tensors(verl_checkpoints / "lora_expected/step_1", "adapter_model.safetensors")
    got = tensors(tmp_path / "out/lora_adapter", "adapter_model.safetensors")
    assert all(got[name].equal(adapter[name].bfloat16()) for name in adapter)
    assert "This is an adapter" in (tmp_path / "out/README.md").read_text()


def test_weights_that_verl_wrote_in_training(verl_checkpoints, tmp_path):
    exported = export(verl_checkpoints / "written/global_step_1", tmp_path / "out")
    assert not exported.weights.merged
    expected, got = tensors(verl_checkpoints / "written_expected/step_1"), tensors(tmp_path / "out")
    assert all(got[name].equal(expected[name]) for name in expected)  # not rounded


def test_what_the_merger_says_is_passed_on(verl_checkpoints, tmp_path):
    import shutil

    shutil.copytree(verl_checkpoints / "run/global_step_1", tmp_path / "global_step_1")
    shards = [tmp_path / f"global_step_1/actor/model_world_size_2_rank_{rank}.pt" for rank in range(2)]
    # Whole files, but the second is of another model: rank 1's shard of the adapter.
    shutil.copyfile(verl_checkpoints / "lora_only/global_step_1/actor" / shards[1].name, shards[1])
    said = r"(?s)verl's merger failed on .*/actor, exit code 1\. The end of its output:\n.*KeyError: '"
    with pytest.raises(DarlingError, match=said):
        export(tmp_path / "global_step_1", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["global_step_1"]
