"""Which prompts a run learns from, and which it is measured on. `docs/experiment.md` states them; here they are.

The pools of digits are dealt by `data.split()`, which takes no seed. RL prompts come from the training pools, by the
run's seed; the held-out ones are one list for all runs, so that methods are compared prompt by prompt.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from darling_plugin.countdown.data import Prompt, split
from darling_plugin.countdown.task import solutions
from darling_plugin.errors import InputError

MOST_RL_PROMPTS = 4096
REPORTED = 300  # of the test prompts, by the quickstart with seed 0: numbers of theirs were looked at before


@cache
def rl_prompts(seed: int, count: int, kind: str = "all") -> tuple[Prompt, ...]:
    """The first `count` of one list for each seed: 64 of them are among the 256.

    kind: `all` training prompts, or those that can be solved `either` way, with × and without it.
    """
    if count > MOST_RL_PROMPTS:
        raise InputError(f"`rl_prompts` must be at most {MOST_RL_PROMPTS}, got {count}")
    pool = split().train if kind == "all" else [prompt for prompt in split().train if kind_of(prompt) == kind]
    rng = random.Random(
        f"countdown experiment rl {seed}" if kind == "all" else f"countdown experiment rl {kind} {seed}"
    )
    return _shown(rng.sample(pool, MOST_RL_PROMPTS), rng)[:count]


@cache
def held_out(part: str, count: int, start: int = 0) -> tuple[Prompt, ...]:
    """`count` prompts of one list of the validation or the test pools, from the one with the number `start` on.

    Of the test pools without what the quickstart shows.
    """
    left = split().validation if part == "validation" else _untouched(split().test)
    if count < 1 or start + count > len(left):
        raise InputError(f"`held_out_prompts` must be from 1 to {len(left) - start} for {part}, got {count}")
    rng = random.Random(f"countdown experiment {part}")
    return _shown(rng.sample(left, len(left)), rng)[start : start + count]


def kind_of(prompt: Prompt) -> str:
    """How a prompt can be solved: `sums` (by + and − alone), `times` (only with ×), or `either` way."""
    sums = {
        all(len(factors) == 1 for _, factors in form) for form in solutions(tuple(sorted(prompt.digits)))[prompt.target]
    }
    return "either" if len(sums) == 2 else "sums" if sums == {True} else "times"


def _untouched(prompts: Sequence[Prompt]) -> list[Prompt]:
    # The draw of `data.prepare`, before it shuffles the digits.
    reported = set(random.Random("countdown test 0").sample(prompts, REPORTED))
    return [prompt for prompt in prompts if prompt not in reported]


def _shown(prompts: Sequence[Prompt], rng: random.Random) -> tuple[Prompt, ...]:
    """With their digits in random order."""
    return tuple(Prompt(tuple(rng.sample(p.digits, len(p.digits))), p.target) for p in prompts)
