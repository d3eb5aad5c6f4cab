"""Which pairs of one group still have to be scored.

A pair needs no score in two cases: the two texts are already in one class, or the same two texts were scored before. A
"distinct" decides only its own pair, because the closure may still join the two through a third text.

So each round takes a few *pivots* and scores each against every text outside its class. A text that has been a pivot is
done: whatever it was not scored against is in its class. Pivots come from the largest classes first (one of each, in
turns), where one "equivalent" saves most; their number goes 1, 1, 2, 4, 8 …, which keeps the rounds near log2(n).

n distinct texts cost all n(n−1)/2 scores; n equivalent ones n − 1, in one round; n copies of one text 1; one text 0.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from darling_plugin.core.classes import Classes
from darling_plugin.core.rules import Rules


class Questions(Protocol):
    """A group of texts on its way to its classes: score `next_pairs`, `record` the equivalent ones, repeat."""

    texts: list[str]

    def next_pairs(self) -> list[tuple[int, int]]: ...

    def record(self, i: int, j: int) -> None: ...

    def labels(self) -> list[int]: ...


class GroupQuestions:
    """The questions of one group of texts.

    Identical texts are one node: they share every verdict with others. Whether a text is equivalent to its own copy
    is a pair like any other (first, first), scored only while nothing else has joined the copies. What `rules` decide
    is not scored.
    """

    def __init__(self, texts: list[str], *, rules: Rules, ask_all: bool = False):
        nodes: dict[str, int] = {}
        self.node_of_row = [nodes.setdefault(text, len(nodes)) for text in texts]
        self.texts = list(nodes)  # texts[node], by first appearance
        self.classes = Classes(len(nodes))
        self.joined_copies: set[int] = set()  # nodes whose copies a verdict has joined
        counts = Counter(self.node_of_row) if len(nodes) < len(texts) else Counter[int]()
        self._copied = frozenset(node for node, count in counts.items() if count > 1)
        self._pending = dict.fromkeys(range(len(nodes)))  # not yet pivots; a dict for its order
        self._known: dict[tuple[int, int], bool] = {}
        self._ask_all = ask_all
        self._rounds = 0
        self.settle(rules.settled(self.texts))

    def settle(self, known: Mapping[tuple[int, int], bool]) -> None:
        """Take earlier verdicts: known[i, j], with i ≤ j, is not scored again. Call it before the first round."""
        for (i, j), equivalent in known.items():
            if equivalent:
                self.record(i, j)
        self._known.update(known)

    def open_pairs(self) -> list[tuple[int, int]]:
        """Every node pair (earlier, later) that a verdict could settle: what `settle` may be given."""
        nodes = range(len(self.texts))
        pairs = [(i, j) for j in nodes for i in range(j)] + [(i, i) for i in sorted(self._copied)]
        return [pair for pair in pairs if pair not in self._known]

    def next_pairs(self) -> list[tuple[int, int]]:
        """The node pairs (earlier, later) to score in the next round; empty when the partition is known."""
        while self._pending:
            if len(self.classes.members) == 1 and len(self.texts) > 1:
                break  # one class of several texts: no question is left, not even about copies
            pairs = [pair for pivot in self._next_pivots() for pair in self._pairs_of(pivot)]
            if pairs:
                self._rounds += 1
                return pairs
        return []

    def record(self, i: int, j: int) -> None:
        """Nodes i and j are equivalent."""
        if i == j:
            self.joined_copies.add(i)
        else:
            self.classes.merge(i, j)

    def labels(self) -> list[int]:
        """labels[row] = its class, numbered 0 … by first appearance."""
        numbers: dict[int, int] = {}
        labels = []
        for row, node in enumerate(self.node_of_row):
            members = self.classes.members[self.classes.of[node]]
            # Copies that nothing has joined are a class each: keys below 0, so that they meet no other.
            apart = node in self._copied and len(members) == 1 and node not in self.joined_copies
            labels.append(numbers.setdefault(-1 - row if apart else self.classes.of[node], len(numbers)))
        return labels

    def _next_pivots(self) -> list[int]:
        width = len(self._pending) if self._ask_all else max(1, 2 ** (self._rounds - 1))
        if width >= len(self._pending):
            return list(self._pending)
        taken = dict.fromkeys(self.classes.members, 0)  # of each class, so far
        order = []
        for node in self._pending:
            home = self.classes.of[node]
            order.append((taken[home], -len(self.classes.members[home]), node))
            taken[home] += 1
        return [node for _, _, node in sorted(order)[:width]]

    def _pairs_of(self, pivot: int) -> list[tuple[int, int]]:
        of, home = self.classes.of, self.classes.of[pivot]
        del self._pending[pivot]
        others = [node for node in self._pending if of[node] != home]
        if pivot in self._copied and len(self.classes.members[home]) == 1:
            others.append(pivot)
        pairs = [(pivot, node) if pivot < node else (node, pivot) for node in others]
        return [pair for pair in pairs if pair not in self._known] if self._known else pairs
