"""GSM8K in TRL: right or wrong by math-verify, times semantic diversity.

    python recipes/trl/gsm8k.py --model Qwen/Qwen2.5-1.5B-Instruct
    accelerate launch --num_processes 8 recipes/trl/gsm8k.py --model Qwen/Qwen2.5-1.5B-Instruct

DATA is openai/gsm8k on the hub, or a JSON-lines file with `question` and `answer`, the answer after `####`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

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
    model: Annotated[str, typer.Option(help="a folder, or a name on the hub")] = "Qwen/Qwen2.5-1.5B-Instruct",
    data: Annotated[str, typer.Option(help="a name on the hub, or a file")] = "openai/gsm8k",
    similarity: Annotated[str, typer.Option(help="as darling.similarity.name")] = "classifier",
    output: Annotated[Path, typer.Option(help="where everything is written")] = Path("outputs/trl-gsm8k"),
    max_steps: Annotated[int, typer.Option(help="-1: one epoch")] = -1,
    completion_tokens: Annotated[int, typer.Option(help="of each completion, at most")] = 1024,
    batch_size: Annotated[int, typer.Option(help="completions of a process at a time")] = 16,
    accumulate: Annotated[int, typer.Option(help="such batches for one update")] = 4,
    vllm: Annotated[bool, typer.Option(help="sample with vLLM on the GPUs that train")] = False,
    cpu: Annotated[bool, typer.Option(help="train without a GPU")] = False,
) -> None:
    """Train a policy on GSM8K with DARLING."""
    from trl import GRPOConfig, GRPOTrainer

    from darling_plugin.integrations.trl import DarlingReward

    args = GRPOConfig(
        output_dir=str(output),
        num_generations=8,
        scale_rewards="none",
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulate,
        max_completion_length=completion_tokens,
        max_steps=max_steps,
        num_train_epochs=1,
        learning_rate=1e-6,
        use_vllm=vllm,
        vllm_mode="colocate",
        log_completions=True,
        num_completions_to_print=0,
        logging_steps=1,
        save_steps=100,
        report_to="none",
        use_cpu=cpu,
        bf16=not cpu,
    )
    reward = DarlingReward(right, args, similarity=similarity)
    trainer = GRPOTrainer(model=model, reward_funcs=reward, args=args, train_dataset=read_data(data))
    trainer.train()
    trainer.save_model(str(output / "policy"))


if __name__ == "__main__":
    typer.run(main)
