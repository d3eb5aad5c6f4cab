"""Measures what a reward call of TRL costs with DARLING: 64 completions, groups of 8, texts of two lengths.

    python scripts/bench_trl_reward.py                          # the shipped classifier, on this process's device
    python scripts/bench_trl_reward.py --similarity lexical

Timed is `DarlingReward.__call__` with a quality function that costs nothing, on texts that no earlier call has seen:
the classifier remembers what it has read. Texts are random words, so that hardly any two are equivalent and every pair
is scored. The first call, which loads the model, is reported separately.
"""

from __future__ import annotations

import random
import statistics
import time
from types import SimpleNamespace
from typing import Annotated, Any

import typer

COMPLETIONS, GROUP = 64, 8
STEMS, ENDINGS = ("sea", "bird", "old", "home", "red", "sing"), ("er", "s", "ly", "ish")
WORDS = [stem + ending for stem in STEMS for ending in ENDINGS]


def texts(words: int, seed: int) -> list[str]:
    """64 texts of so many words."""
    draw = random.Random(seed)
    return [" ".join(draw.choice(WORDS) for _ in range(words)) for _ in range(COMPLETIONS)]


def main(
    similarity: Annotated[str, typer.Option(help="As darling.similarity.name.")] = "classifier",
    device: Annotated[str | None, typer.Option(help="As darling.similarity.device.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 3,
    words: Annotated[list[int] | None, typer.Option(help="Words per text. Can be repeated.")] = None,
) -> None:
    """Print seconds for each length."""
    from darling_plugin.integrations.trl import DarlingReward

    node: dict[str, Any] = {"similarity": {"name": similarity} | ({"device": device} if device else {})}
    # What a reward reads of the trainer's arguments; a GRPOConfig would set up a device.
    args = SimpleNamespace(
        num_generations=GROUP, scale_rewards="none", multi_objective_aggregation="sum_then_normalize"
    )
    reward = DarlingReward(lambda completions, **_: [1.0] * len(completions), args, darling=node)

    def seconds(completions: list[str]) -> tuple[float, float]:
        """Wall time, and CPU time of this process."""
        start, cpu = time.perf_counter(), time.process_time()
        reward(prompts=["p"] * COMPLETIONS, completions=completions)
        return time.perf_counter() - start, time.process_time() - cpu

    wall, cpu = seconds(texts(20, 0))
    print(f"first call, which loads the model: {wall:.2f} s, {cpu:.2f} s of CPU")
    for length in words or [100, 2000]:
        taken = [seconds(texts(length, seed)) for seed in range(1, repeats + 1)]
        wall, cpu = (statistics.median(each) for each in zip(*taken, strict=True))
        print(f"{COMPLETIONS} completions of {length} words: {wall:.3f} s, {cpu:.3f} s of CPU (median of {repeats})")


if __name__ == "__main__":
    typer.run(main)
