"""The systems that score all pairs at once, or read each response alone: the authors' (a), and a bi-encoder (d).

Rows are responses, row = group × responses + index. A cross-encoder reads a pair as `CLS first SEP second SEP`, each
text cut to (reads − 3) // 2 words, as the authors do (of `tokens_per_word` tokens each); a bi-encoder reads a response,
cut to `reads`. In every system the classifiers are taken to be right: equivalence is that of `Drawn.labels`, hence
transitive.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from darling_plugin.tools.plan.events import Task
from darling_plugin.tools.plan.machines import Classifier
from darling_plugin.tools.plan.shapes import Drawn

SPECIAL = 3  # CLS and two SEP


def tokens_read(drawn: Drawn, classifier: Classifier) -> np.ndarray:
    """Of each response, by the classifier; in a pair, of each of the two. Shape (prompts, responses)."""
    pair = classifier.kind == "cross-encoder"
    limit = (classifier.reads - SPECIAL) // 2 if pair else classifier.reads
    return np.minimum(drawn.lengths, int(limit * classifier.tokens_per_word))


class AllPairs:
    """(a) The authors': all n(n−1)/2 pairs of each group, a request each. A group arrives whole, by its first row."""

    def __init__(self, drawn: Drawn, classifier: Classifier):
        self._classifier = classifier
        self._tokens = tokens_read(drawn, classifier)

    def arrive(self, row: int) -> Iterable[Task]:
        n = self._tokens.shape[1]
        pairs = n * (n - 1) // 2
        if pairs:  # each text is in n − 1 of them
            tokens = (n - 1) * int(self._tokens[row // n].sum()) + SPECIAL * pairs
            yield Task(self._classifier, row, pairs, tokens, requests_each=1)

    def answered(self, task: Task) -> Iterable[Task]:
        return ()


class EncodeEach:
    """(d) A bi-encoder: one encoding of each response when it arrives. Comparing them is counted in `results.run`."""

    def __init__(self, drawn: Drawn, classifier: Classifier):
        self._classifier = classifier
        self._tokens: list[int] = tokens_read(drawn, classifier).ravel().tolist()

    def arrive(self, row: int) -> Iterable[Task]:
        yield Task(self._classifier, row, 1, self._tokens[row])

    def answered(self, task: Task) -> Iterable[Task]:
        return ()
