"""The experiment's command line: `python -m recipes.countdown.experiment run | status | analyse`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from darling_plugin.errors import DarlingError

app = typer.Typer(add_completion=False, help="Compare DARLING with its baselines on Countdown.")
OUT = Path("outputs/experiment")

Out = Annotated[Path, typer.Option(help="The experiment's folder. Several machines may share it.")]
Only = Annotated[
    list[str] | None,
    typer.Option(help="grid/arm, such as 'main/*' or 'verl/darling'. The default is all runs of the loop."),
]


@app.command()
def run(
    out: Out = OUT,
    only: Only = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Number of concurrent runs. Each takes one core (and 8 GB with verl).")
    ] = 1,
    budget_minutes: Annotated[
        float | None, typer.Option(min=0, help="Stop after this time. The next call resumes.")
    ] = None,
    quiet: Annotated[bool, typer.Option(help="Do not print the status at the end.")] = False,
) -> None:
    """Do the runs of the plan that are not done. Can be stopped at any time; the same command resumes."""
    from recipes.countdown.experiment.work import Place, spawn, work
    from recipes.countdown.verl_job import JobFailed

    _be_quiet()
    signal.signal(signal.SIGTERM, _interrupt)
    console, place, patterns = Console(), Place(out.resolve()), only or []
    try:
        if workers > 1:
            spawn(workers, place, patterns, console, budget_minutes)
        else:
            work(place, patterns, console, float("inf") if budget_minutes is None else _in(budget_minutes))
    except KeyboardInterrupt:
        console.print("Stopped. The same command resumes from here.")
        raise typer.Exit(130) from None
    except JobFailed as error:
        console.print(f"verl stopped. {error}", markup=False, highlight=False)
        raise typer.Exit(1) from None
    if not quiet:
        _status(place, patterns, console)


@app.command()
def status(out: Out = OUT, only: Only = None) -> None:
    """Show finished and running runs, the hours that one worker needs for the rest, and the chosen learning rates."""
    from recipes.countdown.experiment.work import Place

    _status(Place(out.resolve()), only or [], Console())


@app.command()
def analyse(
    out: Out = OUT,
    to: Annotated[Path, typer.Option(help="Folder for the tables and figures.")] = Path("docs/experiment"),
    only: Only = None,
) -> None:
    """Write tables, tests and figures of the results in the ledger."""
    from recipes.countdown.experiment.analysis.write import write_all
    from recipes.countdown.experiment.work import Place

    write_all(Place(out.resolve()).ledger, to, Console(), only or [])


@app.command()
def analyse_field(
    out: Out = Path("outputs/objectives"),
    to: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("docs/experiment_objectives"),
) -> None:
    """Write tables and tests of the comparison of published objectives."""
    from recipes.countdown.experiment.analysis.field import write_field
    from recipes.countdown.experiment.work import Place

    write_field(Place(out.resolve()).ledger, to, Console())


def _status(place: Any, patterns: list[str], console: Console) -> None:
    from recipes.countdown.experiment import tuning
    from recipes.countdown.experiment.plan import GRIDS, in_order, whole_plan
    from recipes.countdown.experiment.work import progress_of, todo

    results = place.ledger.results()
    arms, at_work = whole_plan(results), place.ledger.claimed()
    table = Table("grid", "runs", "finished", "running", "seconds per run", "hours left", title=str(place.folder))
    for grid in GRIDS:
        runs = in_order([arm for arm in arms if arm.grid == grid])
        done = [results[one.id] for one in runs if one.id in results]
        busy = [f"{one.id} {progress_of(place, one.id)}" for one in runs if one.id in at_work]
        seconds = sum(one.seconds for one in done) / len(done) if done else 0.0
        left = f"{(len(runs) - len(done)) * seconds / 3600:.1f}" if done else ""
        table.add_row(grid, str(len(runs)), str(len(done)), "\n".join(busy), f"{seconds:.0f}" if done else "", left)
    console.print(table)
    for method in tuning.TUNED:
        rate = tuning.chosen_rate(method, results)
        known = ", ".join(
            f"{one.rate:g}: pass@1 {one.pass_at_1:.3f}, classes@16 {one.classes_at_16:.2f}"
            for one in tuning.tried(method, results)
        )
        chosen = "not chosen yet" if rate is None else f"{rate:g}"
        console.print(f"learning rate of {method}: {chosen} ({known})", highlight=False)
    console.print(f"requested runs that are left: {len(todo(place.ledger, patterns))}", highlight=False)


def _in(minutes: float) -> float:
    return time.monotonic() + 60 * minutes


def _be_quiet() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # every model here is local
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt  # so that claims are released, and a job of verl is ended in order


def main() -> None:
    try:
        app()
    except DarlingError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
