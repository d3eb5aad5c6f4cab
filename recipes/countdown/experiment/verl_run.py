"""A run through verl's own trainer: the same policy, prompts and settings, then the same measurements as the loop's.

verl writes checkpoints, twice as many as are measured, and resumes from the last one when it is restarted; the
policies are measured when it has ended.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.countdown.data import Prompt, rows
from darling_plugin.errors import InputError
from darling_plugin.objectives import OBJECTIVES, Darling
from recipes.countdown.experiment.char_tokenizer import spaced_policy
from recipes.countdown.experiment.loop import Trained, evaluate, evaluation_steps
from recipes.countdown.experiment.policy import load_policy
from recipes.countdown.experiment.prompts import held_out, rl_prompts
from recipes.countdown.experiment.settings import Run
from recipes.countdown.threads import torch_threads

if TYPE_CHECKING:
    from rich.console import Console

CHECKPOINTED_MODEL = ("actor", "huggingface")
LOGGED = {
    "darling/quality/mean": "quality/mean",
    "darling/diversity/mean": "diversity/mean",
    "darling/reward/mean": "reward/mean",
    "darling/classes/mean": "classes/mean",
    "darling/groups/all_wrong": "groups/all_wrong",
    "darling/groups/all_one_class": "groups/all_one_class",
    "actor/entropy": "entropy",
    "response_length/mean": "tokens",
    "actor/grad_norm": "gradient_norm",
    "timing_s/step": "seconds",
}
"""What verl calls what the loop notes of each step."""


@dataclass(frozen=True)
class Files:
    """The parquet files that verl reads."""

    train: Path
    held_out: Path


def train_with_verl(
    run: Run,
    policy: Path,
    work: Path,
    console: Console,
    *,
    learned: Path | None = None,
    progress: Callable[[int], None] = lambda step: None,
) -> Trained:
    """Train and measure `run`; resumes from verl's last checkpoint in `work`. Raises `verl_job.JobFailed`."""
    from recipes.countdown.verl_job import VerlJob

    folder = work / "verl"
    if run.diversity == "ngram":
        policy = spaced_policy(work / "spaced_policy", policy)
    job = VerlJob(folder, run.steps, command(run, write_prompts(run, work), policy, folder, learned))
    if _saved_steps(folder) < run.steps:
        job.run(console, progress)
    logged = [json.loads(line) for line in job.metrics.read_bytes().splitlines()]
    training = [{"step": row["step"], **{LOGGED[key]: row[key] for key in LOGGED if key in row}} for row in logged]
    began, evaluations = time.monotonic(), list[dict[str, Any]]()
    with torch_threads(1):
        for step in evaluation_steps(run):
            trained = policy if step == 0 else checkpoint(folder, step)
            evaluations.append({"step": step, **evaluate(run, load_policy(trained))})
    # Of the steps and the measurements; a start-up or two of three minutes are not counted.
    seconds = sum(row.get("seconds", 0.0) for row in training) + time.monotonic() - began
    return Trained(seconds, training, evaluations)


def checkpoint(folder: Path, step: int) -> Path:
    """The policy after `step` steps, as a Hugging Face folder."""
    return (folder / "checkpoints" / f"global_step_{step}").joinpath(*CHECKPOINTED_MODEL)


def _saved_steps(folder: Path) -> int:
    """How far verl had come when it last wrote a whole checkpoint."""
    tracker = folder / "checkpoints" / "latest_checkpointed_iteration.txt"
    return int(tracker.read_text()) if tracker.is_file() else 0


def write_prompts(run: Run, work: Path) -> Files:
    files = Files(work / "train.parquet", work / "held_out.parquet")
    _write(files.train, rl_prompts(run.seed, run.rl_prompts, run.rl_kind), "train")
    _write(files.held_out, held_out(run.held_out, run.held_out_prompts, run.held_out_from), run.held_out)
    return files


def command(run: Run, files: Files, policy: Path, folder: Path, learned: Path | None = None) -> list[str]:
    """What anyone would type to train this run with verl."""
    if (
        run.kl
        or run.entropy
        or run.representatives
        or (run.noisy and (run.false_same, run.false_different) != (0.1, 0.1))
    ):
        raise InputError(
            f"run {run.id} ({run.words}): not through verl are KL and entropy in the loss, representatives, and wrong "
            "verdicts other than 0.1 of each kind; set engine=loop"
        )
    return [
        sys.executable,
        "-m",
        "verl.trainer.main_ppo",
        "+darling=[countdown,cpu]",
        *_reward(run),
        *_similarity(run, learned),
        f"data.train_files={files.train}",
        f"data.val_files={files.held_out}",
        f"data.train_batch_size={run.step_prompts}",
        f"+data.seed={run.seed}",
        f"actor_rollout_ref.model.path={policy}",
        f"actor_rollout_ref.rollout.n={run.n}",
        f"actor_rollout_ref.actor.ppo_mini_batch_size={run.step_prompts // 2}",
        f"actor_rollout_ref.actor.optim.lr={run.learning_rate}",
        # As rows arrive, short responses come first: unshuffled, the first mini-batch would hold no long ones.
        "actor_rollout_ref.actor.shuffle=true",
        # bfloat16, verl's default, is made for GPUs; vLLM computes in float32 here too.
        "+actor_rollout_ref.actor.fsdp_config.mixed_precision={param_dtype:fp32,reduce_dtype:fp32,buffer_dtype:fp32}",
        f"trainer.total_training_steps={run.steps}",
        f"trainer.save_freq={run.evaluate_every // 2 if run.evaluate_every % 2 == 0 else run.evaluate_every}",
        f"trainer.default_local_dir={folder / 'checkpoints'}",
        f"darling.samples.folder={folder / 'samples'}",
        f"trainer.experiment_name={run.id}",
    ]


def _reward(run: Run) -> list[str]:
    if run.fusion == "quality":
        # verl's own estimator; its groups are looked at for the log.
        std = str(run.std).lower()
        return ["algorithm.adv_estimator=grpo", f"algorithm.norm_adv_by_std_in_grpo={std}", "darling.monitor=true"]
    own = [
        "algorithm.adv_estimator=darling",
        f"darling.objective={run.objective}",
        *(f"+darling.options.{name}={json.dumps(value)}" for name, value in json.loads(run.options).items()),
        f"darling.quality.answer={run.darling.quality.answer}",
    ]
    if not issubclass(OBJECTIVES[run.objective], Darling):
        return own
    return [
        *own,
        f"darling.fusion.mode={run.fusion}",
        f"darling.diversity.scope={run.among}",
        *([f"darling.diversity.singleton={run.alone}"] if run.objective == "darling" else []),
        f"darling.diversity.floor={run.floor}",
        f"darling.advantage.normalize_by_std={str(run.std).lower()}",
    ]


def _similarity(run: Run, learned: Path | None) -> list[str]:
    if run.diversity == "ngram":
        return [
            "reward.custom_reward_function.path=pkg://recipes.countdown.experiment.char_tokenizer",
            "+darling.options.words=authors",  # what spaces separate, the full stop included
        ]
    if run.judge == "learned":
        return [
            "darling.similarity.name=classifier",
            "darling.similarity.function=null",
            f"darling.similarity.model={learned}",
            "darling.similarity.short_text_rule=false",  # an expression is one word
        ]
    return ["darling.similarity.function=recipes.countdown.experiment.noise:flipped"] if run.noisy else []


def _write(path: Path, prompts: Sequence[Prompt], name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows(prompts, name)), path)
