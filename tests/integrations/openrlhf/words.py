"""A tokenizer of fifteen words, and a reward that anyone can recompute. No download."""

import json
from pathlib import Path
from typing import Any

SPECIAL = ("<pad>", "<eos>", "<unk>")
WORDS = ("red", "blue", "green", "one", "two", "three", "four", "five", "sun", "moon", "sea", "sky")


def quality(response: str) -> float:
    """Between −1 and 0, never 0: a tenth for each distinct word, minus 1."""
    return len(set(response.split()) & set(WORDS)) / 20 - 1.0


def reward_func(queries: list[str], prompts: list[str], labels: list[str]) -> dict[str, Any]:
    """OpenRLHF's interface (--reward.remote_url FILE.py): one response a call."""
    import torch

    score = torch.tensor([quality(queries[0].removeprefix(prompts[0]))])
    return {"rewards": score, "scores": score, "extra_logs": {}}


def write_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*SPECIAL, *WORDS])}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def write_policy(folder: Path) -> None:
    """A Llama of random weights with that tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(write_tokenizer(folder)),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,  # the least that vLLM's CPU attention takes
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def write_prompts(path: Path, prompts: int) -> None:
    """Two words each, all different."""
    rows = [{"prompt": f"{WORDS[i % 12]} {WORDS[(i * 5 + 1) % 12]} "} for i in range(prompts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
