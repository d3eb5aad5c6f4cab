"""GSM8K in TRL: right or wrong by math-verify, times semantic diversity.

    python recipes/trl/gsm8k.py --model Qwen/Qwen2.5-1.5B-Instruct
    accelerate launch --num_processes 8 recipes/trl/gsm8k.py --model Qwen/Qwen2.5-1.5B-Instruct

DATA is openai/gsm8k on the hub, or a JSON-lines file with `question` and `answer`, the answer after `####`.
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

ASK = "Put your final answer within \\boxed{}."


def right(completions: list[Any], answer: list[str], **_: Any) -> list[float]:
    """1.0 for each completion whose final answer is that of the dataset."""
    from darling_plugin.integrations.trl.text import completion_text
    from darling_plugin.quality.math_verify import verify_answer

    references = [text.rsplit("####", 1)[-1].strip().replace(",", "") for text in answer]
    return [verify_answer(completion_text(c), ref) for c, ref in zip(completions, references, strict=True)]


def read_data(data: str) -> Any:
    """One conversation for each question, with its answer."""
    from datasets import load_dataset

    if Path(data).is_file():
        rows = load_dataset("json", data_files=data, split="train")
    else:
        rows = load_dataset(data, "main", split="train")
    return rows.map(
        lambda row: {"prompt": [{"role": "user", "content": f"{row['question']} {ASK}"}]}, remove_columns=["question"]
    )


def main(
    model: Model = POLICY,
    data: Annotated[str, typer.Option(help="A name on the hub, or a file.")] = "openai/gsm8k",
    similarity: Similarity = "classifier",
    output: Output = Path("outputs/trl-gsm8k"),
    max_steps: MaxSteps = -1,
    completion_tokens: CompletionTokens = 1024,
    batch_size: BatchSize = 16,
    accumulate: Accumulate = 4,
    vllm: Vllm = False,
    cpu: Cpu = False,
) -> None:
    """Train a policy on GSM8K with DARLING."""
    from trl import GRPOTrainer

    from darling_plugin.integrations.trl import DarlingReward

    args = grpo_config(
        output,
        max_steps=max_steps,
        completion_tokens=completion_tokens,
        batch_size=batch_size,
        accumulate=accumulate,
        vllm=vllm,
        cpu=cpu,
    )
    reward = DarlingReward(right, args, similarity=similarity)
    trainer = GRPOTrainer(model=model, reward_funcs=reward, args=args, train_dataset=read_data(data))
    train(trainer, output)


if __name__ == "__main__":
    typer.run(main)
