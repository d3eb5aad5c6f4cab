"""Writes checkpoints as a run of verl does: its own FSDPCheckpointManager, in as many processes as there are shards.

    python fsdp_checkpoints.py FOLDER

    run/         two steps            lora_only/   the adapter's shards only
    lora/        base and adapter     written/     Hugging Face format, no shards

Two processes shard a tiny Llama with FSDP2 over gloo. Beside each run, `<run>_expected/` holds its policy as
transformers or peft saves it; beside `lora`, also its logits for the tokens 1 … 8.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

WORLD = 2


def main(folder: Path) -> int:
    import torch.multiprocessing as processes
    import verl.utils.checkpoint.fsdp_checkpoint_manager  # noqa: F401  once, before the processes part

    context = processes.get_context("fork")
    ranks = [context.Process(target=run_rank, args=(folder, rank)) for rank in range(WORLD)]
    for each in ranks:
        each.start()
    for each in ranks:
        each.join()
    return max(abs(each.exitcode or 0) for each in ranks)


def run_rank(folder: Path, rank: int) -> None:
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=WORLD)
    for step in (1, 2):
        save(folder, "run", step, rank)
    save(folder, "lora", 1, rank, lora=True)
    save(folder, "lora_only", 1, rank, lora=True, settings={"save_lora_only": True})
    save(folder, "written", 1, rank, settings={"save_contents": ["hf_model"]})
    dist.destroy_process_group()


def save(
    folder: Path, run: str, step: int, rank: int, *, lora: bool = False, settings: dict[str, Any] | None = None
) -> None:
    import torch
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    from verl.utils.checkpoint.fsdp_checkpoint_manager import FSDPCheckpointManager

    policy = tiny_policy(step, lora)
    if rank == 0:
        policy.save_pretrained(folder / f"{run}_expected" / f"step_{step}")
        with torch.inference_mode():
            torch.save(policy(torch.arange(1, 9)[None]).logits, folder / f"{run}_expected" / "logits.pt")
    mesh = init_device_mesh("cpu", (WORLD,), mesh_dim_names=("fsdp",))
    for layer in (policy.get_base_model() if lora else policy).model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(policy, mesh=mesh)
    chosen = {"save_contents": ["model"]} | (settings or {})
    manager = FSDPCheckpointManager(policy, processing_class=tiny_tokenizer(), checkpoint_config=chosen)
    manager.save_checkpoint(str(folder / run / f"global_step_{step}" / "actor"), global_step=step)
    if rank == 0:
        (folder / run / "latest_checkpointed_iteration.txt").write_text(str(step))  # as verl's trainer does


def tiny_policy(seed: int, lora: bool = False) -> Any:
    """A Llama of 4,000 random numbers, of which an adapter adds something to the attention."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        architectures=["LlamaForCausalLM"],  # as a policy's that was loaded from a folder
        vocab_size=64,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
        tie_word_embeddings=not lora,
        initializer_range=0.2,
    )
    policy = LlamaForCausalLM(config).eval()
    if not lora:
        return policy
    from peft import LoraConfig, get_peft_model

    adapter = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", init_lora_weights=False
    )
    return get_peft_model(policy, adapter).eval()


def tiny_tokenizer() -> Any:
    """Words w1 … w63."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<eos>": 0, **{f"w{index}": index for index in range(1, 64)}}
    backend = Tokenizer(models.WordLevel(words, unk_token="<eos>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<eos>", pad_token="<eos>")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
