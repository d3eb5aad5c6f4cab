"""Kinds in TRL: all layers, all training categories; transformers generates. Made for a GPU; `--cpu` tries it without.

    python -m recipes.kinds.trl_train --policy outputs/kinds/shared/warm_start --data outputs/kinds/data/train.parquet \
        --folder outputs/kinds_trl/darling_0 --objective darling --seed 0

Needs torch, transformers, trl, accelerate and datasets. FOLDER gets metrics of each step, TRL's tables of completions,
and the trained policy.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

PROMPTS, RESPONSES = 8, 8


def right(completions: list[str], ground_truth: list[str], **_: Any) -> list[float]:
    """1.0 for each completion that names a kind of its category, else 0.0."""
    from darling_plugin.kinds.reward import compute_score

    scores = (compute_score("kinds", text, truth) for text, truth in zip(completions, ground_truth, strict=True))
    return [score["score"] for score in scores]


def read_data(file: Path) -> Any:
    """The prompts that `darling data prepare kinds` wrote for verl, as TRL takes them; the line break ends a prompt."""
    import pyarrow.parquet as pq
    from datasets import Dataset

    rows = pq.read_table(file).to_pylist()
    return Dataset.from_dict(
        {
            "prompt": [f"{row['prompt'][0]['content']}\n" for row in rows],
            "ground_truth": [row["reward_model"]["ground_truth"] for row in rows],
        }
    )


def settings(objective: str, similarity: str) -> dict[str, Any]:
    """The `darling:` node: `similarity` is exact, shipped, or the folder of a classifier."""
    if similarity == "exact":
        chosen: dict[str, Any] = {"name": "callable", "function": "darling_plugin.kinds.similarity:equivalent"}
    else:
        model = {} if similarity == "shipped" else {"model": similarity}
        chosen = {"name": "classifier", "short_text_rule": False, **model}
    wanted = objective in ("darling", "soft_darling")
    return {"objective": objective, **({"similarity": chosen} if wanted else {})}


def main(
    policy: Annotated[Path, typer.Option(help="Policy to train: a Hugging Face folder.")] = ...,  # type: ignore[assignment]
    data: Annotated[Path, typer.Option(help="train.parquet of the task.")] = ...,  # type: ignore[assignment]
    folder: Annotated[Path, typer.Option(help="Folder for all results.")] = ...,  # type: ignore[assignment]
    objective: Annotated[str, typer.Option(help="As darling.objective.")] = "darling",
    similarity: Annotated[str, typer.Option(help="exact, shipped, or a classifier's folder.")] = "exact",
    steps: Annotated[int, typer.Option(help="Number of training steps.")] = 60,
    learning_rate: Annotated[float, typer.Option(help="Learning rate of all layers.")] = 1e-5,
    prompts: Annotated[int, typer.Option(help="Prompts per step, with 8 responses each.")] = PROMPTS,
    seed: Annotated[int, typer.Option(help="Random seed of prompt order and sampling.")] = 0,
    cpu: Annotated[bool, typer.Option(help="Train without a GPU.")] = False,
) -> None:
    """Train, and save the policy."""
    # scripts/install.sh keeps TRL in a folder of its own: verl 0.9.1 stops where TRL 1.16 can be imported.
    if find_spec("trl") is None:
        sys.path.append(str(Path(sys.prefix) / "trl"))
    from transformers import AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    from darling_plugin.integrations.trl import DarlingReward

    args = GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=prompts * RESPONSES,
        num_generations=RESPONSES,
        max_steps=steps,
        max_completion_length=18,
        temperature=1.0,
        learning_rate=learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=5,
        weight_decay=0.0,
        max_grad_norm=1.0,
        scale_rewards="none",
        log_completions=True,
        num_completions_to_print=0,
        logging_steps=1,
        report_to=[],
        save_strategy="no",
        use_cpu=cpu,
        bf16=not cpu,
        gradient_checkpointing=False,
        disable_tqdm=True,
        seed=seed,
    )
    folder.mkdir(parents=True, exist_ok=True)
    trainer = GRPOTrainer(
        model=str(policy),
        reward_funcs=DarlingReward(right, args, darling=settings(objective, similarity)),
        args=args,
        train_dataset=read_data(data),
        processing_class=AutoTokenizer.from_pretrained(policy, padding_side="left"),
    )
    trainer.train()
    trainer.save_model(str(folder / "policy"))
    (folder / "log.json").write_text(json.dumps(trainer.state.log_history) + "\n")


if __name__ == "__main__":
    typer.run(main)
