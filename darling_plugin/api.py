"""The public functions that choose a similarity by name; those that need none are `core/`'s own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.core import find_partition
from darling_plugin.errors import InputError

if TYPE_CHECKING:
    from darling_plugin.core.rules import PairRule
    from darling_plugin.similarity import Similarity

CALLABLE_THRESHOLD = 0.5


def load_similarity(name: str = "classifier", **settings: Any) -> Similarity:
    """The similarity called `name`, as `darling.similarity.name` names it.

    Args:
        name: `classifier` (the shipped one by default), `embedding`, `lexical`, `judge`, `cascade` or `callable`.
        settings: those of `darling.similarity`, such as `model`, `domain` and `short_text_rule`, or further arguments
            of its class, such as `device`.

    Returns a callable from pairs of texts to P(equivalent), with `default_threshold` and `short_text_rule`. Models are
    loaded by the first call. Raises `ConfigError` for an unknown name or setting.

    Example:
        >>> similarity = load_similarity("lexical")
        >>> similarity([("a red car", "a red car"), ("a red car", "a blue car")])
        array([1. , 0.5])
    """
    from darling_plugin.similarity import build_similarity

    return build_similarity(name, **settings)


def partition(
    responses: Sequence[str],
    uid: Sequence[Hashable] | np.ndarray,
    similarity: str | Similarity | Callable[[list[tuple[str, str]]], Any] = "classifier",
    *,
    threshold: float | None = None,
    correct: Sequence[bool] | np.ndarray | None = None,
    short_text_rule: str | bool | None = None,
    domain: str | None = None,
) -> np.ndarray:
    """Label each response with its class, shape (len(responses),): 0 … within each uid, by first appearance.

    Args:
        responses: the texts of a batch.
        uid: uid[i] names the prompt of response i.
        similarity: a name for `load_similarity`, a similarity, or any callable from a list of pairs of texts to
            P(equivalent), one number in [0, 1] per pair.
        threshold: two responses are equivalent when P is above it; None is the similarity's own, and 0.5 for a plain
            callable.
        correct: when given, only these are partitioned; the others get −1.
        short_text_rule: what decides pairs of short texts before the similarity: "form", "authors" or "none"
            (`core/rules.py`); None is the similarity's own, and for a plain callable "authors", as in their code.
        domain: "writing", "math", "code" or "answers": a rule that comes before it (`similarity/domains/`); None is the
            similarity's own, if it was loaded with one.

    Example:
        >>> partition(["yes", "no", "yes"], ["p", "p", "p"], lambda pairs: [a == b for a, b in pairs])
        array([0, 1, 0])
    """
    scorer: Any = load_similarity(similarity) if isinstance(similarity, str) else similarity
    if not callable(scorer):
        raise InputError(
            "`similarity` must be a name such as 'classifier', a similarity from load_similarity(…), or a callable "
            f"that takes a list of pairs of texts; got {type(scorer).__name__}: {scorer!r}"
        )
    own_threshold = getattr(scorer, "default_threshold", CALLABLE_THRESHOLD)
    own_rule = getattr(scorer, "short_text_rule", "authors")
    return find_partition(
        responses,
        uid,
        scorer,
        threshold=own_threshold if threshold is None else threshold,
        correct=correct,
        short_text_rule=own_rule if short_text_rule is None else short_text_rule,
        domain=getattr(scorer, "domain", None) if domain is None else _rule_of(domain),
    ).labels


def _rule_of(domain: str) -> PairRule | None:
    from darling_plugin.similarity.domains import domain_rule

    return domain_rule(domain)
