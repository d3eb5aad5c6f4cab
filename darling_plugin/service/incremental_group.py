"""Which pairs of a group to score while its responses still come in.

A new text is first scored against one member of each class, the largest class first, and each round scores twice as
many pairs. As in `core/questions.py`, one "equivalent" makes the rest of that class unnecessary. All scores go into the
memory. The partition is computed anew when the group is collected, from the responses that are in it then, so the work
done here decides only how much is left to score, never the classes.
"""

from __future__ import annotations

from typing import Any

from darling_plugin.core.classes import Classes
from darling_plugin.core.rules import pair_rules

MOST_A_ROUND = 64  # questions of one text


class Arrivals:
    """The texts of one group so far."""

    def __init__(self, *, short_text_rule: str | bool):
        self.texts: list[str] = []
        self._number: dict[str, int] = {}
        self._classes = Classes(0)
        # Without a domain's rule: reading a text for it may take long, and what is asked ahead changes no class.
        self._rules = pair_rules(short_text_rule)
        self._read: list[tuple[Any, ...]] = []
        self._open: dict[int, list[int]] = {}  # text → earlier ones that it may have to be asked about
        self._rounds: dict[int, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether there are pairs to score."""
        return bool(self._open)

    def add(self, text: str) -> None:
        """One more response; a copy of an earlier one adds no pair."""
        if text in self._number:
            return
        node = self._number[text] = len(self.texts)
        self.texts.append(text)
        self._classes.of.append(node)
        self._classes.members[node] = [node]
        self._read += self._rules.read([text])
        verdicts = [self._rules.verdict(read, self._read[node]) for read in self._read[:node]]
        for other, verdict in enumerate(verdicts):
            if verdict is not None and verdict.equivalent:
                self._classes.merge(other, node)
        others = [other for other, verdict in enumerate(verdicts) if verdict is None]
        if others:
            self._open[node], self._rounds[node] = others, 0

    def next_pairs(self) -> list[tuple[int, int]]:
        """Pairs (earlier, later) of numbers of texts, to be scored now; empty when there are none."""
        pairs = []
        for node in list(self._open):
            of, members = self._classes.of, self._classes.members
            others = [other for other in self._open[node] if of[other] != of[node]]
            taken = dict.fromkeys((of[other] for other in others), 0)
            order = []
            for other in others:
                order.append((taken[of[other]], -len(members[of[other]]), other))
                taken[of[other]] += 1
            width = min(MOST_A_ROUND, 2 ** self._rounds[node])
            now = {other for _, _, other in sorted(order)[:width]}
            pairs += [(other, node) for other in now]
            self._rounds[node] += 1
            self._open[node] = [other for other in others if other not in now]
            if not self._open[node]:
                del self._open[node]
        return pairs

    def record(self, i: int, j: int) -> None:
        """Texts i and j are equivalent."""
        self._classes.merge(i, j)
