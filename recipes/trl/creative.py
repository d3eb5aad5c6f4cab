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


def read_data(file: Path) -> Any:
    """One conversation for each line."""
    from datasets import load_dataset

    def messages(row: dict[str, Any]) -> dict[str, Any]:
        asked = row["prompt"]
        return {"prompt": [{"role": "user", "content": asked}] if isinstance(asked, str) else asked}

    rows = load_dataset("json", data_files=str(file), split="train")
    return rows.select_columns("prompt").map(messages)


def main(
    reward_model: Annotated[str, typer.Option(help="a folder, or a name on the hub")],
    data: Annotated[Path, typer.Option(help="JSON lines with `prompt`", exists=True)],
    model: Annotated[str, typer.Option(help="a folder, or a name on the hub")] = "Qwen/Qwen2.5-1.5B-Instruct",
    similarity: Annotated[str, typer.Option(help="as darling.similarity.name")] = "classifier",
    output: Annotated[Path, typer.Option(help="where everything is written")] = Path("outputs/trl-creative"),
    max_steps: Annotated[int, typer.Option(help="-1: one epoch")] = -1,
    completion_tokens: Annotated[int, typer.Option(help="of each completion, at most")] = 1024,
    batch_size: Annotated[int, typer.Option(help="completions of a process at a time")] = 16,
    accumulate: Annotated[int, typer.Option(help="such batches for one update")] = 4,
    vllm: Annotated[bool, typer.Option(help="sample with vLLM on the GPUs that train")] = False,
    cpu: Annotated[bool, typer.Option(help="train without a GPU")] = False,
) -> None:
    """Train a policy on a reward model's scores with DARLING."""
    from trl import GRPOConfig

    from darling_plugin.integrations.trl import DarlingGRPOTrainer

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
    trainer = DarlingGRPOTrainer(
        model=model, reward_funcs=reward_model, args=args, train_dataset=read_data(data), similarity=similarity
    )
    trainer.train()
    trainer.save_model(str(output / "policy"))


if __name__ == "__main__":
    typer.run(main)
