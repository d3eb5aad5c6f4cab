"""The quickstart: warm-start a tiny policy, train it with DARLING through verl's own `main_ppo`, and show what changed.

    python -m darling_plugin.countdown.quickstart            (scripts/quickstart.sh installs first, then calls this)
    python -m darling_plugin.countdown.quickstart --estimator grpo
    python -m darling_plugin.countdown.quickstart --similarity learned

Everything lands in outputs/: the task's data, the warm start and the learned judge are made once and shared; each kind
of run has a folder with summary.json, metrics.jsonl (one line per training step), curves.png, samples and the whole log
of verl.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel

from darling_plugin.countdown.verl_job import JobFailed, VerlJob

if TYPE_CHECKING:
    from darling_plugin.countdown.agreement import Agreement
    from darling_plugin.countdown.data import Prompt
    from darling_plugin.countdown.learned_judge import LearnedJudge
    from darling_plugin.countdown.warmstart import WarmStart

STEPS = 34
WARM_START_STEPS = 600
K = 8  # samples for pass@k and distinct right answers: the rollouts that a prompt gets in training
JUDGE_PROMPTS = 600  # training prompts whose responses the learned judge is trained on
CHECKPOINTED_MODEL = ("actor", "huggingface")


class Estimator(str, Enum):
    """What verl is told to estimate advantages with."""

    darling = "darling"
    grpo = "grpo"


class Judge(str, Enum):
    """Who says which responses are the same solution."""

    symbolic = "symbolic"
    learned = "learned"


def main(
    estimator: Annotated[Estimator, typer.Option(help="darling, or verl's own grpo for comparison")] = (
        Estimator.darling
    ),
    similarity: Annotated[Judge, typer.Option(help="symbolic: exact | learned: a classifier, trained first")] = (
        Judge.symbolic
    ),
    steps: Annotated[int, typer.Option(min=1, help="training steps")] = STEPS,
    seed: Annotated[int, typer.Option(help="of data, warm start and evaluation; verl's rollouts are not seeded")] = 0,
    warm_start_steps: Annotated[int, typer.Option(min=1, help="supervised steps before verl")] = WARM_START_STEPS,
    output: Annotated[Path, typer.Option(help="where everything is written")] = Path("outputs"),
    overrides: Annotated[list[str] | None, typer.Argument(help="further Hydra overrides for main_ppo")] = None,
) -> None:
    """Train a tiny policy on Countdown on this machine's CPU, and show quality and diversity before and after."""
    console = Console()
    try:
        run(
            console,
            estimator.value,
            similarity.value,
            steps,
            seed,
            warm_start_steps,
            output.resolve(),
            list(overrides or []),
        )
    except KeyboardInterrupt:
        console.print("\nStopped. Nothing is left running; what is in outputs/ is used again next time.")
        raise typer.Exit(130) from None
    except JobFailed as error:
        console.print(f"\n[bold red]verl stopped.[/] {error}", highlight=False)
        raise typer.Exit(1) from None


def run(
    console: Console,
    estimator: str,
    similarity: str,
    steps: int,
    seed: int,
    warm_start_steps: int,
    output: Path,
    overrides: list[str],
) -> dict[str, Any]:
    """All of it; returns the summary that is written to summary.json."""
    _quiet_transformers()
    from darling_plugin.countdown.data import prepare, read_prompts
    from darling_plugin.countdown.evaluate import evaluate
    from darling_plugin.countdown.report import write_report
    from darling_plugin.countdown.warmstart import Settings, warm_start

    began = time.perf_counter()
    folder = output / run_name(estimator, similarity)
    shared = output / "countdown"
    learned = similarity == "learned"
    number, last = itertools.count(1), 5 if learned else 4

    def stage(text: str) -> None:
        console.print(f"[bold]{next(number)}/{last}[/] {text}")

    console.print(
        Panel(
            "Countdown: reach a target with some of five digits, e.g. [bold]31798=24:[/] → [bold]8*3[/].\n"
            "Most prompts have many different right answers. A 0.3M-parameter policy learns the task by supervised\n"
            f"training; verl then trains it with {estimator.upper()}: vLLM rollouts, FSDP2, all on this CPU.",
            title="DARLING quickstart",
            expand=False,
        )
    )

    stage("Data and warm start (under three minutes, once)")
    data = prepare(shared / "data", seed=seed, train_prompts=8192, eval_prompts=300)
    warm = warm_start(shared / f"warm_start_{seed}", seed=seed, settings=Settings(steps=warm_start_steps))
    console.print(f"    {'reused' if warm.reused else f'trained in {warm.seconds:.0f} s'}: {_short(warm.folder)}")

    judge = None
    if learned:
        stage("A judge learned from labelled pairs (a minute or two, once)")
        judge = _learn(console, shared, warm, read_prompts(data.train)[:JUDGE_PROMPTS], seed)

    stage("Evaluating the warm start on unseen digits")
    prompts = read_prompts(data.test)
    before = evaluate(warm.folder, prompts, k=K, seed=seed)
    console.print(f"    pass@1 {before.pass_at_1:.3f}, pass@{before.k} {before.pass_at_k:.3f}, "
                  f"right classes@{before.k} {before.distinct_correct:.2f}")  # fmt: skip
    agreements = {}
    if judge:
        agreements["before"] = _agreement(judge, warm.folder, prompts, seed)
        console.print(f"    learned and symbolic judge: {agreements['before'].in_words}")

    stage(f"Training: {steps} steps of verl's main_ppo, algorithm.adv_estimator={estimator}")
    if folder.exists():
        shutil.rmtree(folder)  # its own folder of an earlier run: two runs' metrics must not mix
    job = VerlJob(folder, steps, command(estimator, steps, data, warm.folder, folder, overrides, judge))
    console.print(f"    the whole log: {_short(job.log)}")
    training_s = job.run(console)

    stage("Evaluating the trained policy on the same prompts")
    trained = (folder / "checkpoints" / f"global_step_{steps}").joinpath(*CHECKPOINTED_MODEL)
    after = evaluate(trained, prompts, k=K, seed=seed)
    if judge:
        agreements["after"] = _agreement(judge, trained, prompts, seed)
    summary = write_report(
        folder,
        before=before,
        after=after,
        metrics=job.metrics,
        title=f"Countdown, {steps} steps of {estimator.upper()}{' with a learned judge' if learned else ''}",
        details={
            "estimator": estimator,
            "similarity": similarity,
            "seed": seed,
            "warm_start_seconds": warm.seconds,
            "start_up_seconds": job.start_up_s,
            "training_seconds": training_s,
            "total_seconds": time.perf_counter() - began,
        }
        | ({"judge_seconds": judge.seconds, "judge_pairs": judge.pairs} if judge else {}),
        agreements=agreements,
        console=console,
    )
    console.print(f"Curves   {_short(folder / 'curves.png')}")
    console.print(f"Numbers  {_short(folder / 'summary.json')}, {_short(job.metrics)}")
    console.print(f"Samples  {_short(folder / 'samples')}: whole groups with classes, diversity and reward")
    console.print(f"Policy   {_short(trained)}")
    if judge:
        console.print(f"Judge    {_short(judge.folder)}")
    console.print(
        f"{(time.perf_counter() - began) / 60:.1f} minutes, {job.start_up_s / 60:.1f} of them verl's start-up."
    )
    return summary


def run_name(estimator: str, similarity: str) -> str:
    """The folder of a run in outputs/: `quickstart`, and what of the run is not the default: `quickstart-learned`."""
    unusual = [name for name in (estimator, similarity) if name not in ("darling", "symbolic")]
    return "-".join(["quickstart", *unusual])


def command(
    estimator: str,
    steps: int,
    data: Any,
    policy: Path,
    folder: Path,
    overrides: list[str],
    judge: LearnedJudge | None = None,
) -> list[str]:
    """The command line: what anyone would type to train on Countdown with this package."""
    return [
        sys.executable,
        "-m",
        "verl.trainer.main_ppo",
        "+darling=[countdown,cpu]",
        f"algorithm.adv_estimator={estimator}",
        f"darling.monitor={str(estimator != 'darling').lower()}",
        f"darling.samples.folder={folder / 'samples'}",
        *(["algorithm.norm_adv_by_std_in_grpo=false"] if estimator == "grpo" else []),
        f"data.train_files={data.train}",
        f"data.val_files={data.validation}",
        f"actor_rollout_ref.model.path={policy}",
        f"trainer.total_training_steps={steps}",
        f"trainer.save_freq={steps}",
        f"trainer.default_local_dir={folder / 'checkpoints'}",
        *(judge.overrides if judge else []),
        *overrides,
    ]


def _learn(console: Console, shared: Path, policy: WarmStart, prompts: list[Prompt], seed: int) -> LearnedJudge:
    from darling_plugin.countdown.learned_judge import learn_judge
    from darling_plugin.countdown.pairs import labelled_pairs

    path = shared / f"pairs_{seed}.jsonl"
    labelled = labelled_pairs(path, policy, prompts, seed=seed)
    equivalent = sum(pair.similar for pair in labelled.pairs) / len(labelled.pairs)
    console.print(f"    {len(labelled.pairs):,} pairs of {len(prompts)} prompts, {equivalent:.0%} equivalent, labelled "
                  f"by the symbolic judge: {_short(path)}")  # fmt: skip
    with console.status("training the judge"):
        judge = learn_judge(shared / f"judge_{seed}", labelled.pairs, seed=seed)
    console.print(f"    {'reused' if judge.reused else f'trained in {judge.seconds:.0f} s'}: {_short(judge.folder)}")
    return judge


def _agreement(judge: LearnedJudge, policy: Path, prompts: list[Prompt], seed: int) -> Agreement:
    """On groups as training has them: K responses to a prompt."""
    from darling_plugin.countdown.agreement import agreement
    from darling_plugin.countdown.evaluate import sample
    from darling_plugin.countdown.threads import torch_threads
    from darling_plugin.similarity import build_similarity

    with torch_threads(1):
        responses = sample(policy, prompts, samples=K, seed=seed)
        return agreement(build_similarity("classifier", model=str(judge.folder), device="cpu"), responses)


def _quiet_transformers() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # every model here is local
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _short(path: Path) -> str:
    """Relative to where the user stands, when it is below that."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    typer.run(main)
