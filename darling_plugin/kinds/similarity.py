"""Whether two responses name the same kind. WordNet says so, and no classifier is needed.

Use it as the similarity `darling_plugin.kinds.similarity:equivalent`.
"""

from __future__ import annotations

from darling_plugin.kinds.task import named
from darling_plugin.kinds.wordnet import nouns


def equivalent(pairs: list[tuple[str, str]]) -> list[float]:
    """P(equivalent) for each pair, 1.0 or 0.0; shape (len(pairs),).

    Two responses are equivalent when the nouns that they name have a synset in common, right or wrong, whatever they
    say: the prompt is not known here, so any sense will do. A text that names nothing is equivalent only to the same
    text, space around it ignored. No pairs: [].
    """
    return [float(_same(a, b)) for a, b in pairs]


def _same(a: str, b: str) -> bool:
    first, second = named(a), named(b)
    if first is None or second is None:
        return a.strip() == b.strip()
    senses = nouns().senses
    return first.noun == second.noun or not set(senses[first.noun]).isdisjoint(senses[second.noun])
