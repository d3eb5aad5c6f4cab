"""The quickstart: warm-start a tiny policy, train it with DARLING in verl or TRL, and show what changed.

    python -m recipes.countdown.quickstart            (scripts/quickstart.sh installs first, then calls this)
    python -m recipes.countdown.quickstart --estimator grpo
    python -m recipes.countdown.quickstart --similarity learned
    python -m recipes.countdown.quickstart --trainer trl

All results are written to outputs/. The task's data, the warm start and the learned similarity are made once and
shared. Each kind of run has a folder with summary.json, metrics.jsonl (one line per training step), curves.png,
samples and the trainer's log. `run` has the order of the stages, one function each.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.panel import Panel

from recipes.countdown.request import STEPS, WARM_START_STEPS, Estimator, Request, SimilarityChoice, Trainer
from recipes.countdown.trl_job import TrlJob
from recipes.countdown.verl_job import JobFailed, VerlJob

if TYPE_CHECKING:
    from darling_plugin.countdown.data import Prepared, Prompt
    from recipes.countdown.agreement import Agreement
    from recipes.countdown.evaluate import Evaluation
    from recipes.countdown.learned_similarity import LearnedSimilarity
    from recipes.countdown.warmstart import WarmStart

K = 8  # samples for pass@k and distinct right answers: the rollouts that a prompt gets in training
SIMILARITY_PROMPTS = 600  # training prompts whose responses the learned similarity is trained on
HOW = {Trainer.verl: "verl, with vLLM rollouts and FSDP2,", Trainer.trl: "TRL"}
Stage = Callable[[str], None]


def main(
    estimator: Annotated[Estimator, typer.Option(help="darling, or grpo for comparison.")] = (Estimator.darling),
    similarity: Annotated[
        SimilarityChoice, typer.Option(help="symbolic: exact | learned: a classifier that is trained first.")
    ] = (SimilarityChoice.symbolic),
    trainer: Annotated[Trainer, typer.Option(help="verl: main_ppo | trl: GRPOTrainer.")] = Trainer.verl,
    steps: Annotated[int, typer.Option(min=1, help="Number of training steps.")] = STEPS,
    seed: Annotated[
        int, typer.Option(help="Random seed of data, warm start and evaluation (in TRL, also of rollouts).")
    ] = 0,
    warm_start_steps: Annotated[int, typer.Option(min=1, help="Supervised steps before RL.")] = WARM_START_STEPS,
    output: Annotated[Path, typer.Option(help="Folder for all results.")] = Path("outputs"),
    overrides: Annotated[
        list[str] | None, typer.Argument(help="More Hydra overrides for main_ppo. With --trainer trl, darling.* only.")
    ] = None,
) -> None:
    """Train a tiny policy on Countdown on this machine's CPU, and show quality and diversity before and after."""
    request = Request(
        estimator, similarity, steps, seed, warm_start_steps, output.resolve(), tuple(overrides or ()), trainer
    )
    console = Console()
    try:
        run(request, console)
    except KeyboardInterrupt:
        console.print("\nStopped. No process is left running. The next call reuses what is in outputs/.")
        raise typer.Exit(130) from None
    except JobFailed as error:
        console.print(f"\n[bold red]{trainer.value} stopped.[/] {error}", highlight=False)
        raise typer.Exit(1) from None


def run(request: Request, console: Console) -> dict[str, Any]:
    """All of it; returns the summary that is written to summary.json."""
    _quiet_transformers()
    from darling_plugin.countdown.data import read_prompts

    began = time.perf_counter()
    _introduce(request, console)
    number, last = itertools.count(1), 5 if request.learned else 4

    def stage(text: str) -> None:
        console.print(f"[bold]{next(number)}/{last}[/] {text}")

    data, warm = _prepare(request, console, stage)
    learned = _learn_similarity(request, console, stage, warm, read_prompts(data.train)) if request.learned else None
    prompts = read_prompts(data.test)
    stage("Evaluating the warm start on unseen digits")
    before = _measure(request, warm.folder, prompts, learned)
    _show(before, console)
    job, training_s = _train(request, console, stage, data, warm, learned)
    stage("Evaluating the trained policy on the same prompts")
    after = _measure(request, request.trained, prompts, learned)
    return _report(
        request,
        console,
        before,
        after,
        job,
        learned,
        {
            "warm_start_seconds": warm.seconds,
            "start_up_seconds": job.start_up_s,
            "training_seconds": training_s,
            "total_seconds": time.perf_counter() - began,
        },
    )


def _introduce(request: Request, console: Console) -> None:
    console.print(
        Panel(
            "Countdown: reach a target with some of five digits, e.g. [bold]31798=24:[/] → [bold]8*3[/].\n"
            "Most prompts have many different right answers. A 0.3M-parameter policy learns the task by supervised\n"
            f"training; {HOW[request.trainer]} then trains it with {request.estimator.value.upper()} on this CPU.",
            title="DARLING quickstart",
            expand=False,
        )
    )


class _Start(NamedTuple):
    """What a run begins with."""

    data: Prepared
    warm: WarmStart


def _prepare(request: Request, console: Console, stage: Stage) -> _Start:
    from darling_plugin.countdown.data import prepare
    from recipes.countdown.warmstart import Settings, warm_start

    stage("Data and warm start (under three minutes, once)")
    data = prepare(request.shared / "data", seed=request.seed, train_prompts=8192, eval_prompts=300)
    settings = Settings(steps=request.warm_start_steps)
    warm = warm_start(request.shared / f"warm_start_{request.seed}", seed=request.seed, settings=settings)
    console.print(f"    {_made(warm.reused, warm.seconds)}: {_short(warm.folder)}")
    return _Start(data, warm)


def _learn_similarity(
    request: Request, console: Console, stage: Stage, policy: WarmStart, prompts: list[Prompt]
) -> LearnedSimilarity:
    from recipes.countdown.learned_similarity import learn_similarity
    from recipes.countdown.pairs import labelled_pairs

    stage("Training a similarity on labeled pairs (a minute or two, once)")
    prompts, path = prompts[:SIMILARITY_PROMPTS], request.shared / f"pairs_{request.seed}.jsonl"
    labelled = labelled_pairs(path, policy, prompts, seed=request.seed)
    equivalent = sum(pair.similar for pair in labelled.pairs) / len(labelled.pairs)
    console.print(f"    {len(labelled.pairs):,} pairs of {len(prompts)} prompts, {equivalent:.0%} equivalent, labeled "
                  f"by the symbolic similarity: {_short(path)}")  # fmt: skip
    with console.status("training the classifier"):
        learned = learn_similarity(request.shared / f"similarity_{request.seed}", labelled.pairs, seed=request.seed)
    console.print(f"    {_made(learned.reused, learned.seconds)}: {_short(learned.folder)}")
    return learned


class _Measured(NamedTuple):
    """How good a policy is; and how far the learned similarity agrees with the symbolic one on its responses."""

    policy: Evaluation
    agreement: Agreement | None


def _measure(request: Request, policy: Path, prompts: list[Prompt], learned: LearnedSimilarity | None) -> _Measured:
    """The similarities are compared on groups as training has them: K responses to a prompt."""
    from darling_plugin.similarity import build_similarity
    from recipes.countdown.agreement import agreement
    from recipes.countdown.evaluate import evaluate, sample
    from recipes.countdown.threads import torch_threads

    found = evaluate(policy, prompts, k=K, seed=request.seed)
    if learned is None:
        return _Measured(found, None)
    with torch_threads(1):
        responses = sample(policy, prompts, samples=K, seed=request.seed)
        similarity = build_similarity("classifier", model=str(learned.folder), device="cpu")
        return _Measured(found, agreement(similarity, responses))


def _show(measured: _Measured, console: Console) -> None:
    found = measured.policy
    console.print(f"    pass@1 {found.pass_at_1:.3f}, pass@{found.k} {found.pass_at_k:.3f}, "
                  f"right classes@{found.k} {found.distinct_correct:.2f}")  # fmt: skip
    if measured.agreement:
        console.print(f"    learned and symbolic similarity: {measured.agreement.in_words}")


class _Ran(NamedTuple):
    """The job, ended well, and the seconds from its first step to its end."""

    job: VerlJob | TrlJob
    seconds: float


def _train(
    request: Request, console: Console, stage: Stage, data: Prepared, warm: WarmStart, learned: LearnedSimilarity | None
) -> _Ran:
    named = {
        Trainer.verl: f"verl's main_ppo, algorithm.adv_estimator={request.estimator.value}",
        Trainer.trl: f"TRL's GRPOTrainer, darling.objective={request.estimator.value}",
    }
    stage(f"Training: {request.steps} steps of {named[request.trainer]}")
    if request.folder.exists():
        shutil.rmtree(request.folder)  # its own folder of an earlier run: two runs' metrics must not mix
    kind: type[VerlJob | TrlJob] = TrlJob if request.trainer is Trainer.trl else VerlJob
    job = kind(request.folder, request.steps, request.command(data, warm.folder, learned))
    console.print(f"    log: {_short(job.log)}")
    return _Ran(job, job.run(console))


def _report(
    request: Request,
    console: Console,
    before: _Measured,
    after: _Measured,
    job: VerlJob | TrlJob,
    learned: LearnedSimilarity | None,
    seconds: dict[str, float],
) -> dict[str, Any]:
    from recipes.countdown.report import write_report

    chosen = {"estimator": request.estimator.value, "similarity": request.similarity.value, "seed": request.seed}
    chosen["trainer"] = request.trainer.value
    cost = {"judge_seconds": learned.seconds, "judge_pairs": learned.pairs} if learned else {}
    agreements = {"before": before.agreement, "after": after.agreement}
    summary = write_report(
        request.folder,
        before=before.policy,
        after=after.policy,
        metrics=job.metrics,
        title=request.title,
        details=chosen | seconds | cost,
        agreements={when: found for when, found in agreements.items() if found},
        console=console,
    )
    console.print(f"Curves   {_short(request.folder / 'curves.png')}")
    console.print(f"Numbers  {_short(request.folder / 'summary.json')}, {_short(job.metrics)}")
    samples = request.folder / ("completions" if request.trainer is Trainer.trl else "samples")
    console.print(f"Samples  {_short(samples)}: whole groups with classes, diversity and reward")
    console.print(f"Policy   {_short(request.trained)}")
    if learned:
        console.print(f"Learned  {_short(learned.folder)}")
    total, start_up = seconds["total_seconds"] / 60, job.start_up_s / 60
    console.print(f"{total:.1f} minutes, {start_up:.1f} of them {request.trainer.value}'s start-up.")
    return summary


def _quiet_transformers() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # every model here is local
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _made(reused: bool, seconds: float) -> str:
    return "reused" if reused else f"trained in {seconds:.0f} s"


def _short(path: Path) -> str:
    """Relative to where the user stands, when it is below that."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    typer.run(main)
