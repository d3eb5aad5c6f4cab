"""A checkpoint to a folder, end to end, where verl wrote Hugging Face format: no merger is needed."""

import json
from pathlib import Path

import pytest
import typer
from fsdp_checkpoints import tiny_policy, tiny_tokenizer
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from darling_plugin.errors import DarlingError, InputError
from darling_plugin.tools.export import cli
from darling_plugin.tools.export.export import export


@pytest.fixture(scope="module")
def policy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    tiny_policy(0).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def run(fsdp, policy, tmp_path, monkeypatch) -> Path:
    """A run of 20 steps with hf_model in save_contents."""
    monkeypatch.chdir(tmp_path)
    for step in (10, 20):
        actor = fsdp(step)
        for file in policy.iterdir():
            (actor / "huggingface" / file.name).write_bytes(file.read_bytes())
    folder = tmp_path / "run"
    (folder / ".hydra").mkdir()
    (folder / ".hydra/config.yaml").write_text("trainer: {experiment_name: first, hub_token: abc}\n")
    rows = [
        {"step": step, "data": {"critic/score/mean": step / 100, "val-core/a/acc/mean@4": 0.5}} for step in range(1, 21)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_model_with_its_card(run, policy, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    exported = export(run, tmp_path / "models/out")
    out = tmp_path / "models/out"
    assert (exported.folder, exported.checkpoint.step) == (out, 20)
    assert {path.name for path in out.iterdir()} == {
        *(path.name for path in policy.iterdir()),
        "README.md",
        "training_config.yaml",
        "figures",
    }
    assert [path.name for path in out.parent.iterdir()] == ["out"]  # no half of it beside it
    before, after = load_file(policy / "model.safetensors"), load_file(out / "model.safetensors")
    assert before.keys() == after.keys() and all(before[name].equal(after[name]) for name in before)
    assert type(AutoModelForCausalLM.from_pretrained(out)).__name__ == "LlamaForCausalLM"
    assert AutoTokenizer.from_pretrained(out)("w1 w2")["input_ids"] == [1, 2]
    card = (out / "README.md").read_text()
    assert "| `critic/score/mean` | 0.01 (step 1) | 0.2 |" in card
    for figure in (out / "figures").iterdir():
        assert f"(figures/{figure.name})" in card and figure.read_bytes().startswith(b"\x89PNG")
    assert {"curves.png"} <= {figure.name for figure in (out / "figures").iterdir()}
    config = (out / "training_config.yaml").read_text()
    assert "hub_token: (left out)" in config and config in card and "abc" not in card


def test_another_step(run, tmp_path):
    export(run, tmp_path / "out", step=10)
    assert "| `critic/score/mean` | 0.01 (step 1) | 0.1 |" in (tmp_path / "out/README.md").read_text()


def test_weights_that_are_not_whole(run, tmp_path):
    weights = run / "global_step_20/actor/huggingface/model.safetensors"
    tensors = load_file(weights)
    del tensors["model.norm.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(DarlingError, match=r"the exported LlamaForCausalLM lacks model\.norm\.weight: .* incomplete"):
        export(run, tmp_path / "out")
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(DarlingError, match="its weights cannot be read"):
        export(run, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # nothing is left behind


def test_an_adapter_that_megatron_bridge_wrote(megatron, policy, tmp_path):
    actor = megatron(3, {"model": {"peft_adapter_path": "model/huggingface/adapter"}})
    folder = actor / "model/huggingface"
    (folder / "adapter").mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / "adapter" / name).write_text(name)
    (folder / "tokenizer.json").write_bytes((policy / "tokenizer.json").read_bytes())
    exported = export(tmp_path / "run", tmp_path / "out")
    assert not exported.weights.base and exported.weights.adapter
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {
        "README.md",
        "tokenizer.json",
        "lora_adapter/adapter_config.json",
        "lora_adapter/adapter_model.safetensors",
    }


def test_a_folder_that_is_there_is_left_alone(run, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"OUT: .*out exists"):
        export(run, tmp_path / "out")


def command(*arguments: str):
    app = typer.Typer()
    app.command()(cli.export)
    return CliRunner().invoke(app, list(arguments))


def test_the_command(run, tmp_path):
    done = command(str(run), str(tmp_path / "out"), "--step", "10")
    assert done.exit_code == 0, done.output
    assert f"Model    {tmp_path / 'out'}, from Hugging Face format, written by verl in training, step 10" in done.output
    assert f"Metrics  {run / 'metrics.jsonl'}" in done.output
    done = command(str(run), str(tmp_path / "other"), "--step", "11")
    assert done.exit_code == 1
    assert done.stderr == f"Error: --step: got 11, but {run} holds steps 10, 20; give one of them with --step.\n"
