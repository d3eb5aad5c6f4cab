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

app = typer.Typer(add_completion=False, help="What DARLING does against its baselines, on Countdown.")
OUT = Path("outputs/experiment")

Out = Annotated[Path, typer.Option(help="the experiment's folder; may be shared by several machines")]
Only = Annotated[list[str] | None, typer.Option(help="grid/arm, such as 'main/*' or 'verl/darling'; all of the loop's")]


@app.command()
def run(
    out: Out = OUT,
    only: Only = None,
    workers: Annotated[int, typer.Option(min=1, help="runs at once, one core each (verl: 8 GB each)")] = 1,
    budget_minutes: Annotated[float | None, typer.Option(min=0, help="stop then; the next call goes on")] = None,
    quiet: Annotated[bool, typer.Option(help="no closing words")] = False,
) -> None:
    """Do what of the plan is not done. Stop it at any moment; given again, it goes on."""
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
        console.print("Stopped. Given again, the same command goes on from here.")
        raise typer.Exit(130) from None
    except JobFailed as error:
        console.print(f"verl stopped. {error}", markup=False, highlight=False)
        raise typer.Exit(1) from None
    if not quiet:
        _status(place, patterns, console)


@app.command()
def status(out: Out = OUT, only: Only = None) -> None:
    """What is done, who is at work, how long one worker takes for the rest, and which learning rates were chosen."""
    from recipes.countdown.experiment.work import Place

    _status(Place(out.resolve()), only or [], Console())


@app.command()
def analyse(
    out: Out = OUT,
    to: Annotated[Path, typer.Option(help="where tables and pictures go")] = Path("docs/experiment"),
    only: Only = None,
) -> None:
    """Tables, tests and pictures of what the ledger holds."""
    from recipes.countdown.experiment.analysis.write import write_all
    from recipes.countdown.experiment.work import Place

    write_all(Place(out.resolve()).ledger, to, Console(), only or [])


@app.command()
def analyse_field(
    out: Out = Path("outputs/objectives"),
    to: Annotated[Path, typer.Option(help="where the page goes")] = Path("docs/experiment_objectives"),
) -> None:
    """Tables and tests of the comparison of the field's objectives."""
    from recipes.countdown.experiment.analysis.field import write_field
    from recipes.countdown.experiment.work import Place

    write_field(Place(out.resolve()).ledger, to, Console())


def _status(place: Any, patterns: list[str], console: Console) -> None:
    from recipes.countdown.experiment import tuning
    from recipes.countdown.experiment.plan import GRIDS, in_order, whole_plan
    from recipes.countdown.experiment.work import progress_of, todo

    results = place.ledger.results()
    arms, at_work = whole_plan(results), place.ledger.claimed()
    table = Table("grid", "runs", "finished", "at work", "seconds a run", "hours left", title=str(place.folder))
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
    console.print(f"left of what was asked for: {len(todo(place.ledger, patterns))} runs", highlight=False)


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
