"""Countdown in TRL, with the settings of configs/darling/countdown.yaml: what a script of anyone's looks like.

    python -m recipes.countdown.trl_train --policy outputs/countdown/warm_start_0 \
        --data outputs/countdown/data/train.parquet --folder outputs/my-run darling.diversity.floor=0.2

A step is a batch of 32 prompts with 8 responses each and two updates, as in verl. FOLDER gets metrics.jsonl, TRL's
tables of completions, and the trained policy.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

PROMPTS, RESPONSES, UPDATES = 32, 8, 2
SIMILARITY = {"name": "callable", "function": "darling_plugin.countdown.similarity:equivalent"}


def right(completions: list[str], ground_truth: list[str], **_: Any) -> list[float]:
    """1.0 for each completion that reaches its target, else 0.0."""
    from darling_plugin.countdown.reward import compute_score

    return [
        compute_score("countdown", text, truth)["score"] for text, truth in zip(completions, ground_truth, strict=True)
    ]


def read_data(file: Path) -> Any:
    """The prompts that `darling_plugin.countdown.data.prepare` wrote for verl, as TRL takes them."""
    import pyarrow.parquet as pq
    from datasets import Dataset

    rows = pq.read_table(file).to_pylist()
    return Dataset.from_dict(
        {
            "prompt": [row["prompt"][0]["content"] for row in rows],
            "ground_truth": [row["reward_model"]["ground_truth"] for row in rows],
        }
    )


def read_settings(settings: list[str], objective: str) -> dict[str, Any]:
    """The `darling:` node: the task's, with `darling.a.b=value` on top."""
    from omegaconf import OmegaConf

    start = {"darling": {"objective": objective, **({"similarity": SIMILARITY} if objective == "darling" else {})}}
    node = OmegaConf.merge(OmegaConf.create(start), OmegaConf.from_dotlist(settings))
    return OmegaConf.to_container(node)["darling"]  # type: ignore[index,call-overload,return-value]


def main(
    settings: Annotated[list[str] | None, typer.Argument(help="Settings, such as darling.diversity.floor=0.2.")] = None,
    policy: Annotated[Path, typer.Option(help="Policy to train: a Hugging Face folder.")] = ...,  # type: ignore[assignment]
    data: Annotated[Path, typer.Option(help="train.parquet of the task.")] = ...,  # type: ignore[assignment]
    folder: Annotated[Path, typer.Option(help="Folder for all results.")] = ...,  # type: ignore[assignment]
    steps: Annotated[int, typer.Option(help="Number of training steps.")] = 34,
    seed: Annotated[int, typer.Option(help="Random seed of prompt order and sampling.")] = 0,
    objective: Annotated[str, typer.Option(help="darling or grpo.")] = "darling",
) -> None:
    """Train, and save the policy."""
    # scripts/install.sh keeps TRL in a folder of its own: verl 0.9.1 stops where TRL 1.16 can be imported.
    if find_spec("trl") is None:
        sys.path.append(str(Path(sys.prefix) / "trl"))
    from transformers import AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    from darling_plugin.integrations.trl import DarlingReward
    from darling_plugin.tools.report.trl import step_row

    rows = PROMPTS * RESPONSES // UPDATES
    args = GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=rows,
        steps_per_generation=UPDATES,
        num_generations=RESPONSES,
        max_steps=steps * UPDATES,
        max_completion_length=8,
        temperature=1.0,
        learning_rate=5e-5,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=5 * UPDATES,
        weight_decay=0.0,
        max_grad_norm=1.0,
        scale_rewards="none",
        log_completions=True,
        num_completions_to_print=0,
        logging_steps=UPDATES,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        disable_tqdm=True,
        seed=seed,
    )

    class Metrics(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            row = step_row(state.log_history[-1])
            if row is not None and state.is_world_process_zero:
                row["step"] = state.global_step // UPDATES
                with (folder / "metrics.jsonl").open("a") as file:
                    file.write(json.dumps(row) + "\n")

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.jsonl").unlink(missing_ok=True)
    trainer = GRPOTrainer(
        model=str(policy),
        reward_funcs=DarlingReward(right, args, darling=read_settings(settings or [], objective)),
        args=args,
        train_dataset=read_data(data),
        processing_class=AutoTokenizer.from_pretrained(policy, padding_side="left"),
        callbacks=[Metrics()],
    )
    trainer.train()
    trainer.save_model(str(folder / "policy"))


if __name__ == "__main__":
    typer.run(main)
