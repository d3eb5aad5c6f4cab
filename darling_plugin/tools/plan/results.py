"""One training step: what the service did, what of it was hidden, and what the trainer waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from darling_plugin.tools.plan.events import System, serve
from darling_plugin.tools.plan.generation import finish_times
from darling_plugin.tools.plan.machines import Classifier, Training
from darling_plugin.tools.plan.shapes import Composition, Drawn, Job, draw_labels, draw_step


@dataclass(frozen=True)
class Step:
    """A step without diversity: when each response is there, and how long the trainer's phases take, in seconds."""

    drawn: Drawn
    finished: np.ndarray
    """finished[g, i], from the start of the step."""
    hidden_until: float
    """The end of the old log-probabilities: from here on the trainer needs the classes."""
    seconds: float
    """Of the whole step."""


@dataclass(frozen=True)
class Outcome:
    """A step with diversity."""

    passes: dict[str, int]
    """Forward passes of each classifier: pairs of a cross-encoder, responses of a bi-encoder."""
    tokens: float
    """That the classifiers read."""
    replica_seconds: float
    """That replicas were busy."""
    gpu_seconds: float
    """The same in GPUs; 0 on CPU cores."""
    hidden: float
    """The share of replica_seconds before the trainer waited; 1 where nothing is asked."""
    wait: float
    """Seconds that the trainer waited for classes."""
    unavoidable: float
    """What of it would be left with any number of replicas: comparing what was read, on one core."""
    step: float
    """Seconds of the step without that wait."""
    cost: float
    """GPU-seconds of step and wait, the classifiers' GPUs held throughout, over those of the step alone, less 1."""

    @property
    def avoidable(self) -> float:
        """What more replicas could take off the wait, as a share of the step."""
        return (self.wait - self.unavoidable) / self.step

    @property
    def overhead(self) -> float:
        """The wait as a share of the step."""
        return self.wait / self.step


@dataclass(frozen=True)
class Setup:
    """A system on its replicas.

    Args:
        build: a fresh system for a drawn step and a seed.
        classifiers: of a replica; in a cascade two, on the same GPUs.
        streamed: responses are asked about as they come, and while the old log-probabilities are computed. Otherwise
            groups come whole, after both, as in the authors' trainer.
    """

    name: str
    build: Callable[[Drawn, int], System]
    classifiers: tuple[Classifier, ...]
    replicas: int
    streamed: bool = True

    @property
    def gpus(self) -> int:
        return self.replicas * max(classifier.gpus for classifier in self.classifiers)


def step_without(job: Job, training: Training, composition: Composition, seed: int) -> Step:
    """Generation, rewards, old log-probabilities, update; what they take does not depend on the composition."""
    drawn = draw_step(job, composition, seed)
    finished = finish_times(drawn.lengths, training)
    tokens = float(drawn.lengths.sum()) + training.prompt_tokens * drawn.lengths.size
    log_probs = training.reward_s + training.phase_s(training.log_prob_flops, tokens)
    ready = float(finished.max()) + log_probs
    return Step(drawn, finished, ready, ready + training.phase_s(training.update_flops, tokens))


def relabeled(step: Step, composition: Composition, seed: int) -> Step:
    """The same step with groups of another composition."""
    lengths = step.drawn.lengths
    return replace(step, drawn=Drawn(lengths, draw_labels(lengths.shape, composition, seed)))


def run(step: Step, setup: Setup, training: Training, seed: int) -> Outcome:
    """Play the step with this system."""
    groups, n = step.finished.shape
    if setup.streamed:
        arrivals = list(zip(step.finished.ravel().tolist(), range(groups * n), strict=True))
    else:
        arrivals = [(step.hidden_until, group * n) for group in range(groups)]
    batches = serve(setup.build(step.drawn, seed), arrivals, setup.replicas)
    start, end = (np.array([getattr(batch, name) for batch in batches]) for name in ("start", "end"))
    busy = float((end - start).sum())
    late = float(np.clip(end - np.maximum(start, step.hidden_until), 0, None).sum())
    # Once all is read, and all responses are there, the partition is computed, on one core beside the trainer.
    classifier = setup.classifiers[0]
    # A bi-encoder's pairs are one product of matrices a group: all of them, whatever the classes imply.
    pairs = groups * n * (n - 1) // 2 if classifier.kind == "bi-encoder" else step.drawn.verdicts
    partition = pairs * classifier.pair_s + groups * n * classifier.response_s
    last = max(time for time, _ in arrivals)
    wait = max(0.0, max(last, float(end.max(initial=0.0))) + partition - step.hidden_until)
    unavoidable = max(0.0, last + partition - step.hidden_until)
    passes = {each.name: sum(b.passes for b in batches if b.classifier is each) for each in setup.classifiers}
    held = (training.gpus + setup.gpus) * (step.seconds + wait)
    return Outcome(
        passes=passes,
        tokens=sum(batch.tokens for batch in batches),
        replica_seconds=busy,
        gpu_seconds=busy * setup.gpus / setup.replicas,
        hidden=1 - late / busy if busy else 1.0,
        wait=wait,
        unavoidable=unavoidable,
        step=step.seconds,
        cost=held / (training.gpus * step.seconds) - 1,
    )


@dataclass(frozen=True)
class Spread:
    """A number over the seeds."""

    median: float
    low: float
    high: float


def spread(outcomes: Sequence[Outcome], name: str) -> Spread:
    """Median, least and most of one field over outcomes of several seeds."""
    values = np.array([getattr(outcome, name) for outcome in outcomes], dtype=np.float64)
    return Spread(float(np.median(values)), float(values.min()), float(values.max()))
