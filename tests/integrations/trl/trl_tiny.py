"""A random Llama of two layers, a tokenizer of whole words, and TRL's arguments for both: nothing is fetched."""

from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.config import parse_settings
from darling_plugin.integrations.trl.text import completion_text
from darling_plugin.rollouts import Rollouts, StepResult
from darling_plugin.step import Step

WORDS = ["red", "blue", "green", "one", "two", "three", "four", "five", "sun", "moon"]
SPECIAL = ["<pad>", "<eos>", "<unk>", "<user>", "<assistant>", "<system>"]
# Short texts of ten words: the rule for short texts would settle them without the similarity.
DARLING = {"similarity": {"name": "lexical", "short_text_rule": False, "threshold": 0.4}}
CHAT = (
    "{% for m in messages %}{{ '<' + m['role'] + '> ' + m['content'] + ' ' }}"
    "{% if m['role'] == 'assistant' %}{{ '<eos> ' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant> ' }}{% endif %}"
)


def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate([*SPECIAL, *WORDS])}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )
    fast.chat_template = CHAT
    return fast


def shape(layers: int = 2) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )


def policy() -> Any:
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(shape())


def prompts(rows: int = 24, *, chat: bool = False) -> Any:
    from datasets import Dataset

    texts = [f"{WORDS[i % 10]} {WORDS[(i * 3 + i // 10) % 10]}" for i in range(rows)]
    asked = [[{"role": "user", "content": text}] for text in texts] if chat else texts
    return Dataset.from_dict({"prompt": asked, "target": [WORDS[i % 10] for i in range(rows)]})


def arguments(folder: Path | str, config: Any = None, **changed: Any) -> Any:
    """Two steps of four groups of eight, unless `changed` says otherwise."""
    from trl import GRPOConfig

    config = config or GRPOConfig
    common = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 8,
        "num_generations": 8,
        "gradient_accumulation_steps": 4,
        "max_steps": 2,
        "max_completion_length": 6,
        "learning_rate": 1e-2,
        "logging_steps": 1,
        "report_to": [],
        "log_completions": True,
        "num_completions_to_print": 0,
        "use_cpu": True,
        "save_strategy": "no",
        "disable_tqdm": True,
        "bf16": False,
    }
    if config is GRPOConfig:
        common["scale_rewards"] = "none"
    return config(**(common | changed))


def train(
    trainer_class: Any, args: Any, reward_funcs: Any, *, chat: bool = False, rows: int = 24, **keywords: Any
) -> Any:
    """The trainer, after it has trained on so many prompts."""
    trainer = trainer_class(
        model=policy(),
        reward_funcs=reward_funcs,
        args=args,
        train_dataset=prompts(rows, chat=chat),
        processing_class=tokenizer(),
        **keywords,
    )
    trainer.train()
    return trainer


def tables(folder: Path | str) -> list[Any]:
    """TRL's table of completions of each step."""
    import pandas as pd

    return [pd.read_parquet(file) for file in sorted((Path(folder) / "completions").glob("*.parquet"))]


def expected(table: Any, group: int, quality: Any, **node: Any) -> StepResult:
    """What the core makes of a table's completions, in groups of so many."""
    step = Step(parse_settings(DARLING | node))
    texts = [completion_text(completion) for completion in table["completion"]]
    return step(Rollouts(texts, [row // group for row in range(len(texts))], np.asarray(quality, dtype=float)))


def good(completions, target, **_):
    """1 for the target among the words, and 0.1 for each distinct word."""
    texts = [completion_text(completion) for completion in completions]
    return [
        float(word in text.split()) + 0.1 * len(set(text.split())) for text, word in zip(texts, target, strict=True)
    ]


def short(completions, **_):
    """Less for each word; does not apply where one of them is red."""
    texts = [completion_text(completion) for completion in completions]
    return [None if "red" in text else 0.5 - 0.05 * len(text.split()) for text in texts]


async def quarter(completions, **_):
    return [0.25 for _ in completions]


def none_for_red(completions, target, **_):
    scores = good(completions, target)
    return [None if "red" in text else score for text, score in zip(completions, scores, strict=True)]
