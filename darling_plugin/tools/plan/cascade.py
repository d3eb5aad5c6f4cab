"""A cascade, streamed (c): a bi-encoder decides the confident pairs, a cross-encoder the rest."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from darling_plugin.tools.plan.events import Task
from darling_plugin.tools.plan.machines import Classifier
from darling_plugin.tools.plan.shapes import Drawn
from darling_plugin.tools.plan.systems import SPECIAL, tokens_read


class Cascade:
    """Encodes each new response, then scores its doubtful pairs with the earlier responses, in one round.

    At most one of the pairs within its own class is scored, and none where a confident pair has already joined it. A
    group of n distinct responses costs n encodings and, on average, `doubtful` × n(n−1)/2 pairs; n equivalent responses
    cost less than one pair per ten responses at doubtful = 0.15 and n = 8. doubtful = 0 is the bi-encoder alone; 1
    scores one pair for joining a class and one for each member of every other class, as many as `ExactStream`.

    Args:
        doubtful: the share of the pairs that the encoder leaves open, drawn for each pair independently of its truth.
        seed: of that draw.
    """

    def __init__(self, drawn: Drawn, encoder: Classifier, classifier: Classifier, *, doubtful: float, seed: int):
        groups, self._n = drawn.lengths.shape
        self._encoder, self._classifier = encoder, classifier
        self._encoded: list[int] = tokens_read(drawn, encoder).ravel().tolist()
        self._tokens: list[int] = tokens_read(drawn, classifier).ravel().tolist()
        self._label: list[int] = drawn.labels.ravel().tolist()
        # Sets of a group's members are the bits of an integer: this is the innermost loop of the largest job.
        self._members = [dict[int, int]() for _ in range(groups)]  # of each class, those that have come
        self._doubtful = _doubtful_bits(groups, self._n, doubtful, seed)

    def arrive(self, row: int) -> Iterable[Task]:
        yield Task(self._encoder, row, 1, self._encoded[row])

    def answered(self, task: Task) -> Iterable[Task]:
        if task.classifier is not self._encoder:
            return
        group, i = divmod(task.row, self._n)
        members, label, doubtful = self._members[group], self._label[task.row], self._doubtful[task.row]
        own = members.get(label, 0)
        asked = sum(members.values()) & ~own & doubtful  # a sum of disjoint sets is their union
        if not own & ~doubtful:
            asked |= own & -own  # nobody of its class is clear: the first of them is asked, where there is one
        # It counts as there from now on: a pair is asked by the later of the two, even while the earlier one waits.
        members[label] = own | 1 << i
        others = [j for j in range(self._n) if asked >> j & 1] if asked else []
        if others:
            tokens = sum(self._tokens[group * self._n + j] for j in others)
            tokens += len(others) * (self._tokens[task.row] + SPECIAL)
            yield Task(self._classifier, task.row, len(others), tokens)


def _doubtful_bits(groups: int, n: int, share: float, seed: int) -> list[int]:
    """bits[group × n + i] has bit j where the pair (i, j) is doubtful; then bits[group × n + j] has bit i."""
    one_way = np.triu(np.random.default_rng([seed, 2]).random((groups, n, n)) < share, 1)
    packed = np.packbits(one_way | one_way.transpose(0, 2, 1), axis=2, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed.reshape(groups * n, -1)]
