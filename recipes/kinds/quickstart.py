"""The quickstart on real words: SmolLM2 after a warm start, trained with DARLING in verl, before and after.

    bash scripts/quickstart.sh --task kinds           (installs what is missing, then calls this)
    python -m recipes.kinds.quickstart --estimator grpo

All results are written to outputs/. The warm start is made once and shared. The run has a folder with summary.json,
metrics.jsonl, curves.png, whole groups of responses, report.html to read them in, and verl's log.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel

from recipes.countdown.request import CHECKPOINTED_MODEL, Estimator
from recipes.countdown.verl_job import JobFailed, VerlJob

if TYPE_CHECKING:
    from darling_plugin.task_files import Prepared
    from recipes.countdown.evaluate import Evaluation

STEPS, K, SAMPLES = 24, 8, 16


def main(
    estimator: Annotated[Estimator, typer.Option(help="darling, or grpo for comparison.")] = Estimator.darling,
    steps: Annotated[int, typer.Option(min=1, help="Number of training steps.")] = STEPS,
    output: Annotated[Path, typer.Option(help="Folder for all results.")] = Path("outputs"),
    overrides: Annotated[list[str] | None, typer.Argument(help="More Hydra overrides for main_ppo.")] = None,
) -> None:
    """Train SmolLM2 to name kinds of things on this machine's CPU, and show quality and diversity before and after."""
    console = Console()
    try:
        run(estimator, steps, output.resolve(), tuple(overrides or ()), console)
    except KeyboardInterrupt:
        console.print("\nStopped. No process is left running. The next call reuses what is in outputs/.")
        raise typer.Exit(130) from None
    except JobFailed as error:
        console.print(f"\n[bold red]verl stopped.[/] {error}", highlight=False)
        raise typer.Exit(1) from None


def run(estimator: Estimator, steps: int, output: Path, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """All of it; returns the summary that is written to summary.json."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # every model here is local
    from darling_plugin.kinds.data import prepare
    from recipes.kinds.warmstart import warm_start

    began = time.perf_counter()
    folder = output / ("quickstart_kinds" if estimator is Estimator.darling else f"quickstart_kinds-{estimator.value}")
    console.print(
        Panel(
            "[bold]Name a kind of fish and say something about it.[/] → [bold]A trout is a fish of cool waters.[/]\n"
            "A response is right if WordNet has the named thing as a kind of the category. Two responses are "
            "equivalent if they name the same kind, in whatever words. verl trains SmolLM2 (135M) with "
            f"{estimator.value.upper()} on this CPU.",
            title="DARLING quickstart on real words",
            expand=False,
        )
    )
    console.print("About 20 minutes on two idle cores, or 13 once the warm start is there.")
    console.print("[bold]1/4[/] Data and warm start (about seven minutes on an idle core the first time, then reused)")
    data = prepare(output / "kinds" / "data")
    warm = warm_start(output / "kinds" / "shared" / "warm_start")
    console.print(f"    {'reused' if warm.reused else f'trained in {warm.seconds:.0f} s'}: {warm.folder}")
    console.print("[bold]2/4[/] Evaluating the warm start on unseen categories (half a minute)")
    before = evaluate(warm.folder, warm.folder)
    _show(before, console)
    console.print(
        f"[bold]3/4[/] Training: {steps} steps of verl's main_ppo (start-up takes 2 to 5 minutes; from the first "
        "step on the bar shows the time left)"
    )
    if folder.exists():
        shutil.rmtree(folder)  # of an earlier run: two runs' metrics must not mix
    job = VerlJob(folder, steps, command(estimator, steps, folder, data, warm.folder, overrides))
    console.print(f"    log: {job.log}")
    training_s = job.run(console)
    console.print("[bold]4/4[/] Evaluating the trained policy on the same categories")
    trained = (folder / "checkpoints" / f"global_step_{steps}").joinpath(*CHECKPOINTED_MODEL)
    after = evaluate(trained, warm.folder)
    seconds = {
        "warm_start_seconds": warm.seconds,
        "start_up_seconds": job.start_up_s,
        "training_seconds": training_s,
        "total_seconds": time.perf_counter() - began,
    }
    return _report(folder, estimator, steps, before, after, job, seconds, console)


def command(
    estimator: Estimator, steps: int, folder: Path, data: Prepared, policy: Path, overrides: tuple[str, ...]
) -> list[str]:
    """What anyone would type to train `policy` on this task with this package."""
    grpo = estimator is Estimator.grpo
    return [
        sys.executable,
        "-m",
        "verl.trainer.main_ppo",
        "+darling=[kinds,cpu]",
        f"algorithm.adv_estimator={estimator.value}",
        f"darling.monitor={str(grpo).lower()}",
        f"darling.samples.folder={folder / 'samples'}",
        *(["algorithm.norm_adv_by_std_in_grpo=false"] if grpo else []),
        f"data.train_files={data.train}",
        f"data.val_files={data.validation}",
        f"actor_rollout_ref.model.path={policy}",
        f"trainer.total_training_steps={steps}",
        f"trainer.save_freq={steps}",
        f"trainer.default_local_dir={folder / 'checkpoints'}",
        *overrides,
    ]


def evaluate(policy: Path, warm_start: Path) -> Evaluation:
    """The policy of a folder on the validation categories, with the tokens and the tokenizer of the warm start."""
    from darling_plugin.kinds.data import split
    from recipes.countdown.evaluate import Evaluation, standard_error
    from recipes.countdown.threads import torch_threads
    from recipes.kinds.experiment.measure import measure
    from recipes.kinds.policy import load_policy

    began, categories = time.perf_counter(), split().validation
    with torch_threads(1):
        found = measure(load_policy(warm_start, 1, weights=policy), categories, SAMPLES, "quickstart")
    values = {"pass_at_1": found.pass_at(1), "pass_at_k": found.pass_at(K), "distinct_correct": found.kinds_at(K)}
    return Evaluation(
        **{name: float(each.mean()) for name, each in values.items()},
        k=K,
        samples=SAMPLES,
        prompts=len(categories),
        temperature=1.0,
        seed=0,
        seconds=time.perf_counter() - began,
        standard_error={name: standard_error(each.tolist()) for name, each in values.items()},
    )


def _show(found: Evaluation, console: Console) -> None:
    console.print(f"    pass@1 {found.pass_at_1:.3f}, pass@{found.k} {found.pass_at_k:.3f}, "
                  f"right kinds@{found.k} {found.distinct_correct:.2f}")  # fmt: skip


def _report(
    folder: Path,
    estimator: Estimator,
    steps: int,
    before: Evaluation,
    after: Evaluation,
    job: VerlJob,
    seconds: dict[str, float],
    console: Console,
) -> dict[str, Any]:
    from darling_plugin.tools.report.cli import report
    from recipes.countdown.report import write_report

    summary = write_report(
        folder,
        before=before,
        after=after,
        metrics=job.metrics,
        title=f"Kinds, {steps} steps of {estimator.value.upper()}",
        details={"estimator": estimator.value, "similarity": "exact", "seed": 0, "trainer": "verl", **seconds},
        console=console,
    )
    report([folder], folder / "report.html")
    console.print(f"Numbers  {folder / 'summary.json'}, {job.metrics}, {folder / 'curves.png'}")
    console.print(f"{seconds['total_seconds'] / 60:.1f} minutes, {job.start_up_s / 60:.1f} of them verl's start-up.")
    return summary


if __name__ == "__main__":
    typer.run(main)
