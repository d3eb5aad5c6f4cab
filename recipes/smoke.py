"""Writes what the recipes' smoke size trains on: a tiny policy, a tiny reward model and sums as data. No download.

    python recipes/smoke.py                     into outputs/smoke
    SIZE=smoke bash recipes/math/run.sh         two steps on a CPU

Both models are Llamas of random weights that read single bytes: they learn nothing, and every part of a job runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "tie_word_embeddings": False,
}


def write(folder: Path, prompts: int = 16) -> None:
    """Write `policy/`, `reward_model/` and `train.parquet` into `folder`."""
    import pandas as pd
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), **SHAPE)
    models = {
        "policy": LlamaForCausalLM(config),
        "reward_model": LlamaForSequenceClassification(LlamaConfig(**config.to_diff_dict() | {"num_labels": 1})),
    }
    for name, model in models.items():
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    pd.DataFrame([sum_row(index) for index in range(prompts)]).to_parquet(folder / "train.parquet")


def sum_row(index: int) -> dict[str, Any]:
    """One row as verl reads it; `extra_info.prompt` is for the reward function, which sees no prompt otherwise."""
    question = f"What is {index} + {2 * index + 1}?"
    return {
        "data_source": "sums",
        "prompt": [{"role": "user", "content": question}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": str(3 * index + 1)},
        "extra_info": {"index": index, "prompt": question},
    }


def byte_tokenizer() -> Any:
    """One token per byte: any text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<pad>"))
    tokens.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), pre_tokenizers.Split("", "isolated")]
    )
    tokens.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", eos_token="<eos>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the smoke size's models and data.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("outputs/smoke"))
    write(parser.parse_args().folder)
