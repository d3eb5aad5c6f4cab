"""Creative writing in TRL: a reward model's score, times semantic diversity.

    python recipes/trl/creative.py --model Qwen/Qwen2.5-1.5B-Instruct --reward-model MODEL --data prompts.jsonl

MODEL is a sequence classifier with one output, as transformers loads it. DATA has a `prompt` in each line: text, or
messages. A reward model's scores have no known lowest value, so each group's lowest is subtracted before they are
multiplied.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from shared import (
    POLICY,
    Accumulate,
    BatchSize,
    CompletionTokens,
    Cpu,
    MaxSteps,
    Model,
    Output,
    Similarity,
    Vllm,
    grpo_config,
    train,
)


def read_data(file: Path) -> Any:
    """One conversation for each line."""
    from datasets import load_dataset

    def messages(row: dict[str, Any]) -> dict[str, Any]:
        asked = row["prompt"]
        return {"prompt": [{"role": "user", "content": asked}] if isinstance(asked, str) else asked}

    rows = load_dataset("json", data_files=str(file), split="train")
    return rows.select_columns("prompt").map(messages)


def main(
    reward_model: Model,
    data: Annotated[Path, typer.Option(help="File of JSON lines with `prompt`.", exists=True)],
    model: Model = POLICY,
    similarity: Similarity = "classifier",
    output: Output = Path("outputs/trl-creative"),
    max_steps: MaxSteps = -1,
    completion_tokens: CompletionTokens = 1024,
    batch_size: BatchSize = 16,
    accumulate: Accumulate = 4,
    vllm: Vllm = False,
    cpu: Cpu = False,
) -> None:
    """Train a policy on a reward model's scores with DARLING."""
    from darling_plugin.integrations.trl import DarlingGRPOTrainer

    args = grpo_config(
        output,
        max_steps=max_steps,
        completion_tokens=completion_tokens,
        batch_size=batch_size,
        accumulate=accumulate,
        vllm=vllm,
        cpu=cpu,
    )
    trainer = DarlingGRPOTrainer(
        model=model, reward_funcs=reward_model, args=args, train_dataset=read_data(data), similarity=similarity
    )
    train(trainer, output)


if __name__ == "__main__":
    typer.run(main)
