"""A cross-encoder, streamed (b): the exact partition of what has come, whenever a response comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from darling_plugin.tools.plan.events import Task
from darling_plugin.tools.plan.machines import Classifier
from darling_plugin.tools.plan.shapes import Drawn
from darling_plugin.tools.plan.systems import SPECIAL, tokens_read


@dataclass
class _Class:
    count: int = 0
    tokens: int = 0
    """Of its members together."""
    first: int = 0
    """Tokens of the one that came first."""


@dataclass
class _Group:
    """What has its class, and what waits for it."""

    count: int = 0
    tokens: int = 0
    firsts: int = 0
    """Tokens of the first of each class."""
    classes: dict[int, _Class] = field(default_factory=dict)
    waiting: deque[int] = field(default_factory=deque)
    asking: bool = False
    """About one response at a time."""
    first_round: bool = True


class ExactStream:
    """Scores a new response in two rounds: against the first of each class, then against the others' other members.

    The second round is needed because a link to any member would join the two classes. Every pair is therefore either
    scored or inside one class, and the classes are those of all pairs. A group of n with C classes costs (pairs across
    classes) + n − C scored pairs, the fewest of any exact scheme. `core/questions.py`, which has all n responses at
    once, scores as many where all are equivalent or all are distinct, and a few more for mixed groups. The first
    response of a group costs nothing.
    """

    def __init__(self, drawn: Drawn, classifier: Classifier):
        groups, self._n = drawn.lengths.shape
        self._classifier = classifier
        self._tokens: list[int] = tokens_read(drawn, classifier).ravel().tolist()
        self._label: list[int] = drawn.labels.ravel().tolist()
        self._groups = [_Group() for _ in range(groups)]

    def arrive(self, row: int) -> Iterable[Task]:
        group = self._groups[row // self._n]
        group.waiting.append(row)
        return () if group.asking else self._next(group)

    def answered(self, task: Task) -> Iterable[Task]:
        row, group = task.row, self._groups[task.row // self._n]
        if group.first_round:
            own = group.classes.get(self._label[row])
            count, tokens = group.count - len(group.classes), group.tokens - group.firsts
            if own is not None:
                count, tokens = count - (own.count - 1), tokens - (own.tokens - own.first)
            if count:
                group.first_round = False
                return (self._ask(row, count, tokens),)
        self._settle(group, row)
        return self._next(group)

    def _next(self, group: _Group) -> Iterable[Task]:
        group.asking = False
        if group.waiting and not group.count:
            self._settle(group, group.waiting.popleft())
        if not group.waiting:
            return ()
        group.asking = group.first_round = True
        return (self._ask(group.waiting.popleft(), len(group.classes), group.firsts),)

    def _ask(self, row: int, others: int, tokens: int) -> Task:
        """The pairs of a response with so many others, which have so many tokens together."""
        return Task(self._classifier, row, others, others * (self._tokens[row] + SPECIAL) + tokens)

    def _settle(self, group: _Group, row: int) -> None:
        """The newcomer has its class."""
        tokens = self._tokens[row]
        own = group.classes.get(self._label[row])
        if own is None:
            own = group.classes[self._label[row]] = _Class(first=tokens)
            group.firsts += tokens
        own.count, own.tokens = own.count + 1, own.tokens + tokens
        group.count, group.tokens = group.count + 1, group.tokens + tokens
