"""The fewest replicas that stay within a share of the step, and the settings that follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from darling_plugin.tools.plan.machines import Classifier, Training
from darling_plugin.tools.plan.results import Outcome, Setup, Step, run, spread
from darling_plugin.tools.plan.setups import SetupOf

TARGET = 0.01
"""The trainer's wait, as a share of the step."""
MOST_REPLICAS = 4096
AFFORDABLE = 1 / 8
"""Of the trainer's GPUs: a similarity that needs more is replaced by a cheaper one in the advice."""
SERVED_ABOVE = 1e9
"""Parameters above which a server with continuous batching is worth its start-up."""


@dataclass(frozen=True)
class Sized:
    """A system with the replicas that it needs, and how it then does (one outcome for each step that was tried)."""

    setup: Setup
    outcomes: Sequence[Outcome]
    enough: bool
    """False: no number of replicas keeps the wait within the target, or only more than MOST_REPLICAS."""


@dataclass(frozen=True)
class Advice:
    """Settings of `darling.service`, and why. strategy: how pairs are scored; `cascade` is a similarity of its own."""

    backend: Literal["ray", "vllm"]
    replicas: int
    gpus_per_replica: int
    strategy: Literal["exact", "cascade"]
    reason: str


def size(
    steps: Sequence[Step],
    setup_of: SetupOf,
    training: Training,
    target: float = TARGET,
    known: Sequence[Outcome] = (),
) -> Sized:
    """The fewest replicas whose median wait is within `target` of the step, up to a quarter more; seed i for steps[i].

    No fewer than the work divided by the time that there is for it can do; from there the number grows by a quarter at
    a time, until the simulation says that it is enough, or that what is left no replica can take away.

    Args:
        known: outcomes of the same steps with another number of replicas, to know the work from; none: they are made.
    """
    available = [step.hidden_until + target * step.seconds for step in steps]
    played = known or _outcomes(steps, setup_of(1), training)
    work = [outcome.replica_seconds / seconds for outcome, seconds in zip(played, available, strict=True)]
    replicas = max(1, min(MOST_REPLICAS, math.floor(min(work))))
    while True:
        setup = setup_of(replicas)
        outcomes = _outcomes(steps, setup, training)
        if spread(outcomes, "avoidable").median <= target or replicas == MOST_REPLICAS:
            return Sized(setup, outcomes, spread(outcomes, "overhead").median <= target)
        replicas = min(MOST_REPLICAS, replicas + max(1, replicas // 4))


def _outcomes(steps: Sequence[Step], setup: Setup, training: Training) -> list[Outcome]:
    return [run(step, setup, training, seed) for seed, step in enumerate(steps)]


def affordable(sized: Sized, training: Training) -> bool:
    """Whether the replicas are enough and take at most an eighth as many GPUs as the trainer has, or one."""
    return sized.enough and sized.setup.gpus <= max(1, AFFORDABLE * training.gpus)


def advise(candidates: Sequence[Sized], training: Training) -> Advice:
    """The first of the candidates that can be afforded; where none can, the one that needs the fewest GPUs.

    Args:
        candidates: what the user asked for first, then cheaper ones.
    """
    chosen = next((each for each in candidates if affordable(each, training)), None)
    first, setup = candidates[0].setup, (chosen or min(candidates, key=lambda each: each.setup.gpus)).setup
    if chosen is None:
        reason = (
            f"no candidate keeps the wait within {TARGET:.0%} with at most an eighth of the trainer's GPUs; this one "
            "takes the fewest GPUs, and a smaller classifier or fewer responses per prompt would take fewer"
        )
    elif chosen is candidates[0]:
        reason = f"the wait stays within {TARGET:.0%} of the step even when all responses are distinct"
    else:
        reason = (
            f"{first.name} would take about {first.gpus:,} GPUs when all responses are distinct, above an eighth of "
            f"the trainer's; {setup.name} takes {setup.gpus:,}"
        )
    gpus = max(classifier.gpus for classifier in setup.classifiers)
    return Advice(
        backend=backend(setup.classifiers),
        replicas=setup.replicas,
        gpus_per_replica=gpus,
        strategy="cascade" if len(setup.classifiers) > 1 else "exact",
        reason=reason,
    )


def backend(classifiers: Sequence[Classifier]) -> Literal["ray", "vllm"]:
    """ray: actors, for small models. vllm: servers, for large ones. `local` is never advised: it does not stream."""
    return "vllm" if max(classifier.parameters for classifier in classifiers) > SERVED_ABOVE else "ray"
