"""Scores each response against one member of each class: fewer scores than the exact partition, and another result.

The first text of a class represents it. Each text is scored against every representative so far. It joins the classes
of all those that it is equivalent to, which become one, and opens a class of its own when there are none. What this
saves is the pairs between members of different classes; n distinct texts cost n(n−1)/2 scores either way.

Its errors go one way: it misses a link between two classes that their representatives do not show, so it never finds
fewer classes than the exact partition. Copies of one text are one class and are not scored. (NoveltyBench, arXiv
2504.05228, partitions by representatives too, but there a text joins only the first class that it is equivalent to.)
"""

from darling_plugin.core.classes import Classes
from darling_plugin.core.rules import Rules


class RepresentativeQuestions:
    """The questions of one group of texts: one text a round, against all representatives."""

    def __init__(self, texts: list[str], *, rules: Rules):
        nodes: dict[str, int] = {}
        self.node_of_row = [nodes.setdefault(text, len(nodes)) for text in texts]
        self.texts = list(nodes)
        self.classes = Classes(len(nodes))
        self._known = rules.settled(self.texts)
        for (i, j), equivalent in self._known.items():
            if equivalent:
                self.record(i, j)
        self._representatives: list[int] = []
        self._placed = 0

    def next_pairs(self) -> list[tuple[int, int]]:
        """The pairs (representative, text) of the next text that has any; empty when every text has its class."""
        while self._placed < len(self.texts):
            node, of = self._placed, self.classes.of
            # One representative for each class: verdicts of the round before may have merged some.
            first = {of[r]: r for r in reversed([*self._representatives, *([node - 1] if node else [])])}
            self._representatives = sorted(first.values())
            self._placed += 1
            others = [r for r in self._representatives if of[r] != of[node]]
            pairs = [(r, node) for r in others if (r, node) not in self._known]
            if pairs:
                return pairs
        return []

    def record(self, i: int, j: int) -> None:
        """Nodes i and j are equivalent."""
        self.classes.merge(i, j)

    def labels(self) -> list[int]:
        """labels[row] = its class, numbered 0 … by first appearance."""
        numbers: dict[int, int] = {}
        return [numbers.setdefault(self.classes.of[node], len(numbers)) for node in self.node_of_row]
