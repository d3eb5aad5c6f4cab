"""The service as discrete events: tasks in one queue, R replicas, batches by a budget of tokens.

A replica that is free takes what is at the front of the queue, as much as its budget holds and at least one pass;
it never waits for a fuller batch, and never mixes two models. A task may be split among batches; once the last of its
passes is done, the system says what follows from it (a second round, the next response of the group).

Where the queue holds more than `FINE` batches for each replica, a replica takes several at once (queue / FINE), one
after the other for time and one for events: two million passes are then simulated in seconds, and an answer is late
by at most 1/FINE of the time that its queue takes.

No tasks take no time. Ties are settled by the order in which things came, so a run has one result.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from darling_plugin.core import checks
from darling_plugin.tools.plan.machines import Classifier

if TYPE_CHECKING:
    from simpy import Event

FINE = 32


@dataclass(eq=False, slots=True)
class Task:
    """Forward passes that become possible together."""

    classifier: Classifier
    row: int
    """The response that they are about (the group, where all are asked at once)."""
    passes: int
    tokens: float
    """Of all of them; they count as equally long."""
    requests_each: int = 0
    """1: an HTTP request for each pass; 0: one for each batch."""
    untaken: int = field(init=False)
    unanswered: int = field(init=False)

    def __post_init__(self) -> None:
        self.untaken = self.unanswered = self.passes


class System(Protocol):
    """What is read, and when."""

    def arrive(self, row: int) -> Iterable[Task]:
        """Response `row` is generated: what to read now. No task may be empty."""
        ...

    def answered(self, task: Task) -> Iterable[Task]:
        """All of `task` is done: what to read now."""
        ...


class Batch(NamedTuple):
    """What a replica did at once, or in one go of several batches."""

    classifier: Classifier
    start: float
    end: float
    passes: int
    tokens: float


class _Queue:
    """Tasks in the order in which they became possible."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._tokens = 0.0

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def add(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._tasks.append(task)
            self._tokens += task.tokens

    def take(self, now: float, replicas: int) -> tuple[list[tuple[Task, int]], Batch]:
        """What a replica does next: its parts, as (task, passes of it), are taken off the queue."""
        tasks, classifier = self._tasks, self._tasks[0].classifier
        in_one_go = 1 + int(self._tokens / (FINE * replicas * classifier.batch_tokens))
        budget = in_one_go * classifier.batch_tokens
        parts: list[tuple[Task, int]] = []
        tokens, passes, requests = 0.0, 0, 0
        while tasks and tasks[0].classifier is classifier:
            task = tasks[0]
            each = task.tokens / task.passes
            fitting = min(task.untaken, int(max(0.0, budget - tokens) / each))
            taken = fitting if parts else max(1, fitting)
            if not taken:
                break
            parts.append((task, taken))
            tokens, passes = tokens + taken * each, passes + taken
            requests += taken * task.requests_each
            task.untaken -= taken
            if task.untaken:
                break
            tasks.popleft()
        self._tokens -= tokens
        batches = 1 if in_one_go == 1 else math.ceil(tokens / classifier.batch_tokens)
        end = now + classifier.seconds(tokens, requests or batches, batches)
        return parts, Batch(classifier, now, end, passes, tokens)


def serve(system: System, arrivals: Sequence[tuple[float, int]], replicas: int) -> list[Batch]:
    """Every batch that was served, by its end.

    Args:
        arrivals: (seconds, row), in any order.
        replicas: at least 1; all alike, one queue for all.
    """
    idle = checks.at_least_one("replicas", replicas)
    import simpy

    env = simpy.Environment()
    queue = _Queue()
    batches: list[Batch] = []
    changed = env.event()

    def look() -> None:
        nonlocal changed
        if not changed.triggered:
            changed.succeed()

    def arrive() -> Generator[Event, None, None]:
        for time, row in sorted(arrivals):
            if time > env.now:
                yield env.timeout(time - env.now)
            queue.add(system.arrive(row))
            look()

    def forward(parts: list[tuple[Task, int]], batch: Batch) -> Generator[Event, None, None]:
        nonlocal idle
        yield env.timeout(batch.end - env.now)
        idle += 1
        for task, passes in parts:
            task.unanswered -= passes
            if not task.unanswered:
                queue.add(system.answered(task))
        look()

    def dispatch() -> Generator[Event, None, None]:
        nonlocal idle, changed
        while True:
            yield changed
            yield env.timeout(0)  # after everything else that happens now
            changed = env.event()
            while idle and queue:
                parts, batch = queue.take(env.now, replicas)
                batches.append(batch)
                idle -= 1
                env.process(forward(parts, batch))

    env.process(arrive())
    env.process(dispatch())
    env.run()
    return sorted(batches, key=lambda batch: batch.end)
