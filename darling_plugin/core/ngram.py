"""The lexical baseline: how many of a response's n-grams no sibling has.

    d_i = (distinct word n-grams of i that no sibling has) / (all word n-grams of i, repeats counted)

This is the n-gram baseline of the paper (section 4) as the authors' code computes it, inferred from their values: a
response that repeats itself gets less. A text of fewer than n words has no n-gram and gets 0; copies get 0 too. In
a group of one every n-gram is its own. It has no floor and needs no similarity.

Words are those of `form/words.py`: case, punctuation and Markdown do not count, and a Chinese text has words. The
authors' words are what whitespace separates; on their own values both give the same.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.groups import group_rows
from darling_plugin.form.words import words as split


def ngram_diversity(
    responses: Sequence[str], uid: Sequence[Hashable] | np.ndarray, *, n: int = 4, words: str = "form"
) -> np.ndarray:
    """d of each response, shape (len(responses),), in [0, 1].

    Args:
        n: words in an n-gram.
        words: "form", as the text's script has them; "authors", what whitespace separates, case kept.
    """
    texts = checks.texts("responses", responses)
    groups = group_rows(uid)
    checks.same_length("uid", len(groups.index), len(texts), "responses")
    n = checks.at_least_one("n", n)
    diversity = np.zeros(len(texts))
    for rows in groups.rows:
        grams = [ngrams(split(texts[row], words), n) for row in rows]
        distinct = [set(own) for own in grams]
        holders = Counter(gram for own in distinct for gram in own)
        for row, every, own in zip(rows, grams, distinct, strict=True):
            if every:
                diversity[row] = sum(holders[gram] == 1 for gram in own) / len(every)
    return diversity


def ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Every run of n words, repeats included; none where there are fewer."""
    return list(zip(*(words[start:] for start in range(n)), strict=False))
