"""Countdown prompts for training, validation and test, split so that the digits of an evaluation were never seen.

A prompt is kept when its target has at least `MIN_CLASSES` classes of solutions, so that there is something to be
diverse about: 28,863 prompts from the 1,287 multisets of five digits (12 of them, such as 1 1 1 1 1, give none). The
pools are split, not the prompts: 1,087 for training (warm start and RL), 50 for verl's own validation, 150 for the test
before and after.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.countdown.task import DIGITS, POOL_SIZE, TARGETS, prompt_text, solutions
from darling_plugin.errors import InputError
from darling_plugin.progress import progress
from darling_plugin.task_files import PARTS, Prepared, write_parts

MIN_CLASSES = 3
VALIDATION_POOLS = 50
TEST_POOLS = 150
FORMAT = 1  # raise when the same arguments give other files: folders written before are then written anew


class Prompt(NamedTuple):
    """One prompt: five digits in the order they are shown, and the target."""

    digits: tuple[int, ...]
    target: int

    @property
    def text(self) -> str:
        return prompt_text(self.digits, self.target)


class Split(NamedTuple):
    """Every prompt, digits sorted, by the part its pool belongs to."""

    train: tuple[Prompt, ...]
    validation: tuple[Prompt, ...]
    test: tuple[Prompt, ...]


@cache
def split() -> Split:
    """Deal the pools into train, validation and test: always the same way, on every machine.

    No seed here: with one, a policy warmed up under one seed and tested under another would have seen its test.
    """
    pools = list(itertools.combinations_with_replacement([int(c) for c in DIGITS], POOL_SIZE))
    random.Random("countdown pools").shuffle(pools)
    test, validation = TEST_POOLS, TEST_POOLS + VALIDATION_POOLS
    with progress("Countdown: solving every pool", len(pools)) as advance:
        prompts = []
        for pool in pools:
            prompts.append(_prompts(pool))
            advance()
    parts = prompts[validation:], prompts[test:validation], prompts[:test]
    return Split(*(tuple(itertools.chain.from_iterable(part)) for part in parts))


def prepare(
    folder: str | Path,
    *,
    seed: int = 0,
    train_prompts: int = 256,
    validation_prompts: int = 64,
    eval_prompts: int = 300,
) -> Prepared:
    """Write train.parquet, val.parquet and test.parquet for verl, and manifest.json; reuse them when they are there.

    `train_prompts` are few on purpose: it is on prompts seen again and again that RL collapses onto one solution.
    `seed` chooses the prompts within each part. A file that was changed since, or written with other arguments, is
    written anew.
    """
    settings = {
        "format": FORMAT,
        "seed": seed,
        "train_prompts": train_prompts,
        "validation_prompts": validation_prompts,
        "eval_prompts": eval_prompts,
    }

    def make_rows() -> list[list[dict[str, Any]]]:
        sizes = (train_prompts, validation_prompts, eval_prompts)
        return [
            rows(_sample(prompts, size, random.Random(f"countdown {name} {seed}"), name), name)
            for name, prompts, size in zip(PARTS, split(), sizes, strict=True)
        ]

    return write_parts(Path(folder), settings, make_rows)


def read_prompts(path: str | Path) -> list[Prompt]:
    """The prompts of a file that `prepare` wrote, in order."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["extra_info"]).to_pylist()
    return [Prompt(tuple(row["extra_info"]["digits"]), row["extra_info"]["target"]) for row in rows]


def rows(prompts: Iterable[Prompt], split_name: str) -> list[dict[str, Any]]:
    """verl's row for each prompt. `ground_truth` is JSON: one type, whatever reads the file."""
    return [
        {
            "data_source": "countdown",
            "prompt": [{"role": "user", "content": prompt.text}],
            "ability": "math",
            "reward_model": {
                "style": "rule",
                "ground_truth": json.dumps({"digits": prompt.digits, "target": prompt.target}),
            },
            "extra_info": {
                "index": index,
                "split": split_name,
                "digits": list(prompt.digits),
                "target": prompt.target,
            },
        }
        for index, prompt in enumerate(prompts)
    ]


def _prompts(pool: tuple[int, ...]) -> list[Prompt]:
    found = solutions(pool)
    return [Prompt(pool, target) for target in TARGETS if len(found.get(target, ())) >= MIN_CLASSES]


def _sample(prompts: Sequence[Prompt], size: int, rng: random.Random, name: str) -> list[Prompt]:
    if not 1 <= size <= len(prompts):
        raise InputError(
            f"Countdown {name} prompts: got {size}, expected 1 to {len(prompts)} (all that this part has)."
        )
    return [Prompt(tuple(rng.sample(p.digits, POOL_SIZE)), p.target) for p in rng.sample(prompts, size)]
