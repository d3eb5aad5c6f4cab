"""The lexical baseline: how many of a response's n-grams are its own.

    d_i = (distinct word n-grams of i that no sibling has) / (all word n-grams of i, repeats counted)

This is the n-gram baseline of the paper (section 4) as the authors' code computes it, inferred from their values: a
response that repeats itself is marked down. A text of fewer than n words has no n-gram and gets 0; so do copies. In
a group of one every n-gram is its own. It has no floor and needs no similarity.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows


def ngram_diversity(responses: Sequence[str], uid: Sequence[Hashable] | np.ndarray, *, n: int = 4) -> np.ndarray:
    """d of each response, shape (len(responses),), in [0, 1]. Words are what whitespace separates, case kept."""
    texts = checks.texts("responses", responses)
    groups = group_rows(uid)
    checks.same_length("uid", len(groups.index), len(texts), "responses")
    n = checks.at_least_one("n", n)
    diversity = np.zeros(len(texts))
    for rows in groups.rows:
        grams = [_word_ngrams(texts[row], n) for row in rows]
        distinct = [set(own) for own in grams]
        holders = Counter(gram for own in distinct for gram in own)
        for row, every, own in zip(rows, grams, distinct, strict=True):
            if every:
                diversity[row] = sum(holders[gram] == 1 for gram in own) / len(every)
    return diversity


def _word_ngrams(text: str, n: int) -> list[tuple[str, ...]]:
    words = text.split()
    return list(zip(*(words[start:] for start in range(n)), strict=False))
