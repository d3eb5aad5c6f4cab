"""Measures what a training step takes with each of the field's objectives, side by side, on one thread.

    python scripts/bench_objectives.py --warm-start outputs/objectives/shared/warm_start_0_600

The loop of `recipes/countdown/experiment`, all methods in turn, a step each, round after round: what slows the machine
slows all of them. The policy has 0.3 million parameters, so what an objective adds weighs more here than it ever will
with a language model. KL and entropy belong to the loss; they need further passes of the policy.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.countdown.data import split
from recipes.countdown.experiment.field import FIELD
from recipes.countdown.experiment.loop import Loop
from recipes.countdown.experiment.rewards import Rewards
from recipes.countdown.experiment.settings import Run
from recipes.countdown.threads import torch_threads

UNTIMED = 2  # first steps: the policy does not move in the first, and memory is allocated


def main(
    warm_start: Annotated[Path, typer.Option(help="Folder of the policy to begin with.")],
    rounds: Annotated[int, typer.Option(min=1, help="Steps of each method.")] = 40,
) -> None:
    """Print milliseconds of CPU per step, and their ratio to GRPO's in the same round."""
    split()  # solves every pool, with a bar
    with torch_threads(1):
        runs = {name: Run(**fields) for name, fields in FIELD.items()}
        loops = {name: Loop(run, warm_start, Rewards(run)) for name, run in runs.items()}
        taken: dict[str, list[float]] = {name: [] for name in loops}
        for _ in range(rounds + UNTIMED):
            for name, loop in loops.items():
                began = time.process_time()
                loop.train_step()
                taken[name].append(time.process_time() - began)
    print("| method | ms a step | times GRPO's |\n| --- | --- | --- |")
    for name, own in taken.items():
        ratios = [a / b for a, b in zip(own[UNTIMED:], taken["grpo"][UNTIMED:], strict=True)]
        print(f"| {name} | {1000 * statistics.median(own[UNTIMED:]):.0f} | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    typer.run(main)
