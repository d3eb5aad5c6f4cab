"""The experiment's command line: `python -m recipes.kinds run | status | analyse`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from darling_plugin.errors import DarlingError

app = typer.Typer(add_completion=False, help="Compare DARLING with its baselines on real words.")

Out = Annotated[Path, typer.Option(help="The experiment's folder. Several machines may share it.")]
Only = Annotated[
    list[str] | None, typer.Option(help="grid/method, such as 'main/*' or 'tuning/grpo'. The default is all.")
]


@app.command()
def run(
    out: Out = Path("outputs/kinds"),
    only: Only = None,
    budget_minutes: Annotated[
        float | None, typer.Option(min=0, help="Stop after this time. The next call resumes.")
    ] = None,
) -> None:
    """Do the runs of the plan that are not done, on one core. Can be stopped at any time; the same command resumes."""
    from recipes.kinds.experiment.work import Place, work

    _be_quiet()
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console()
    deadline = float("inf") if budget_minutes is None else time.monotonic() + 60 * budget_minutes
    try:
        work(Place(out.resolve()), only or [], console, deadline)
    except KeyboardInterrupt:
        console.print("Stopped. The same command resumes from here.")
        raise typer.Exit(130) from None


@app.command()
def record(
    policy: Annotated[Path, typer.Argument(help="The folder of a policy that was trained elsewhere.")],
    method: Annotated[str, typer.Option(help="grpo, ngram, darling, learned, shipped or soft_darling.")],
    seed: Annotated[int, typer.Option(help="Random seed of the training.")],
    seconds: Annotated[float, typer.Option(help="Duration of the training, in seconds.")],
    out: Out = Path("outputs/kinds"),
    engine: Annotated[str, typer.Option(help="trl (used by gpu.sh) or verl (used by the quickstart).")] = "trl",
) -> None:
    """Measure a policy that TRL or verl trained, and write the result into the ledger, as gpu.sh does."""
    from recipes.kinds.experiment.plan import quickstart_run, trl_run
    from recipes.kinds.experiment.work import Place
    from recipes.kinds.experiment.work import record as write

    _be_quiet()
    run = trl_run(method, seed) if engine == "trl" else quickstart_run(method, engine)
    write(run, policy, Place(out.resolve()), seconds)


@app.command()
def prepare(
    out: Out = Path("outputs/kinds"),
    classifier: Annotated[bool, typer.Option(help="Also train the classifier.")] = False,
) -> None:
    """Make what all runs start from: the warm start and, with --classifier, a classifier trained on its responses."""
    from recipes.kinds.experiment.plan import main_run
    from recipes.kinds.experiment.prepare import prepare as make
    from recipes.kinds.experiment.work import Place

    _be_quiet()
    print(make(main_run("learned" if classifier else "darling", 1e-4, 0), Place(out.resolve()).shared))


@app.command()
def similarities(
    out: Out = Path("outputs/kinds"),
    to: Annotated[Path, typer.Option(help="Folder for the table.")] = Path("docs/kinds"),
) -> None:
    """Compare the learned and the shipped classifier with the exact similarity, on the warm start's responses."""
    from recipes.kinds.experiment.similarities import write_table
    from recipes.kinds.experiment.work import Place

    _be_quiet()
    write_table(Place(out.resolve()).shared, to, Console())


@app.command()
def status(out: Out = Path("outputs/kinds")) -> None:
    """Show finished and running runs, and the chosen learning rates."""
    from recipes.kinds.experiment.plan import GRIDS, TUNED, chosen_rate, in_order, plan, tried
    from recipes.kinds.experiment.work import Place

    console, place = Console(), Place(out.resolve())
    results, at_work = place.ledger.results(), place.ledger.claimed()
    arms = plan(results)
    table = Table("grid", "runs", "finished", "running", "seconds per run", title=str(place.folder))
    for grid in GRIDS:
        runs = in_order([arm for arm in arms if arm.grid == grid])
        done = [results[one.id].seconds for one in runs if one.id in results]
        busy = " ".join(one.id for one in runs if one.id in at_work)
        table.add_row(grid, str(len(runs)), str(len(done)), busy, f"{sum(done) / len(done):.0f}" if done else "")
    console.print(table)
    for method in TUNED:
        known = ", ".join(
            f"{one.rate:g}: pass@1 {one.pass_at_1:.3f}, kinds@16 {one.classes_at_16:.2f}"
            for one in tried(method, results)
        )
        console.print(f"learning rate of {method}: {chosen_rate(method, results)} ({known})", highlight=False)


@app.command()
def analyse(
    out: Out = Path("outputs/kinds"),
    to: Annotated[Path, typer.Option(help="Folder for the tables and figures.")] = Path("docs/kinds"),
) -> None:
    """Write tables, tests and figures of the results in the ledger."""
    from recipes.kinds.experiment.analysis import write_all
    from recipes.kinds.experiment.work import Place

    write_all(Place(out.resolve()).ledger.results(), to, Console())


def _be_quiet() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # every model here is local
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt  # so that claims are released


def main() -> None:
    try:
        app()
    except DarlingError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
