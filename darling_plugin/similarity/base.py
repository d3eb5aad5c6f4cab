"""What a similarity is: pairs of texts in, probabilities of equivalence out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.decision import Reading
    from darling_plugin.similarity.classifier.forward import Forward


@runtime_checkable
class Similarity(Protocol):
    """Says how likely two texts mean the same. One object serves a whole run, so it may keep a model and a cache."""

    default_threshold: float
    """Two texts are equivalent when P is above this, unless the run sets another."""

    short_text_rule: str | bool
    """form, authors or none: what decides pairs of short texts before this similarity is asked (`core/rules.py`)."""

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> Sequence[float] | np.ndarray:
        """P[k] = the probability that the two texts of pairs[k] are equivalent, in [0, 1], shape (len(pairs),).

        A call holds the pairs of many prompts; no pair crosses prompts. No pairs give no probabilities.
        """
        ...


@runtime_checkable
class Encoder(Protocol):
    """A similarity that reads each response once and compares the encodings."""

    def vectors(self, texts: Sequence[str], /) -> Any:
        """Unit vectors, float, shape (len(texts), dimensions)."""
        ...


@runtime_checkable
class Divided(Protocol):
    """A similarity in two halves: what a model reads, anywhere, and what its outputs mean. A service divides it so."""

    model: str
    device: str | None

    @property
    def front(self) -> Reading:
        """The light half; loads no weights."""
        ...

    def loader(self, device: str | None) -> Callable[[], Forward]:
        """What makes the heavy half, here or in another process: it can be pickled."""
        ...
