"""What a judge of similarity is: pairs of texts in, probabilities of equivalence out."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Similarity(Protocol):
    """A judge. One object serves a whole run, so it may keep a model and a cache."""

    default_threshold: float
    """Two texts are equivalent when P is above this, unless the run sets another."""

    short_text_rule: bool
    """Whether pairs of texts of at most five words are settled without this judge (`core/short_text.py`)."""

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> Sequence[float]:
        """P[k] = the probability that the two texts of pairs[k] are equivalent, in [0, 1], shape (len(pairs),).

        A call holds the pairs of many prompts; no pair crosses prompts. No pairs give no probabilities.
        """
        ...
