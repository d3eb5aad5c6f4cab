"""What the two scripts have in common: their options, and TRL's arguments for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Model = Annotated[str, typer.Option(help="Model: a folder, or a name on the hub.")]
Similarity = Annotated[str, typer.Option(help="As darling.similarity.name.")]
Output = Annotated[Path, typer.Option(help="Folder for all results.")]
MaxSteps = Annotated[int, typer.Option(help="Maximum steps. -1 is one epoch.")]
CompletionTokens = Annotated[int, typer.Option(help="Maximum tokens of a completion.")]
BatchSize = Annotated[int, typer.Option(help="Completions per process and batch.")]
Accumulate = Annotated[int, typer.Option(help="Batches per update.")]
Vllm = Annotated[bool, typer.Option(help="Sample with vLLM on the GPUs that train.")]
Cpu = Annotated[bool, typer.Option(help="Train without a GPU.")]

POLICY = "Qwen/Qwen2.5-1.5B-Instruct"


def grpo_config(
    output: Path, *, max_steps: int, completion_tokens: int, batch_size: int, accumulate: int, vllm: bool, cpu: bool
) -> Any:
    """`GRPOConfig` for groups of 8, with advantages as DARLING has them: not divided by the standard deviation."""
    from trl import GRPOConfig

    return GRPOConfig(
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


def train(trainer: Any, output: Path) -> None:
    """Train, and save the policy in output/policy."""
    trainer.train()
    trainer.save_model(str(output / "policy"))
