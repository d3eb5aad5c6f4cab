"""Diversity of wording among the responses to one prompt. It says nothing of meaning: paraphrases differ in words."""

from collections.abc import Sequence

from darling_plugin.core import checks
from darling_plugin.errors import InputError


def self_bleu(texts: Sequence[str]) -> float:
    """Self-BLEU: the mean BLEU of each text against all the others as its references, in [0, 1]. Lower is more diverse.

        self-BLEU = 1/n · Σ over i of BLEU(text i, {text j : j ≠ i})

    Zhu et al. 2018 (Texygen, arXiv 1802.01886), with sacrebleu's sentence BLEU and tokens (Post 2018): n-grams up to 4
    or the text's own length, whichever is less, and exponential smoothing where longer n-grams do not match. Copies
    give 1, texts that share no token 0. A text without tokens gives 0, even against its copy. Compare only sets of
    equally many texts: more references, higher BLEU. At least two texts are needed.

    Example:
        >>> round(self_bleu(["the cat sat down", "the cat sat down", "a dog ran off"]), 3)  # (1 + 1 + 0) / 3
        0.667
    """
    listed = checks.texts("texts", texts)
    if len(listed) < 2:
        raise InputError(f"`texts` must hold at least two texts to compare, got {len(listed)}")
    from darling_plugin.similarity.packaged import require

    require("sacrebleu")
    from sacrebleu.metrics import BLEU

    metric = BLEU(effective_order=True)
    scores = [metric.sentence_score(text, listed[:row] + listed[row + 1 :]).score for row, text in enumerate(listed)]
    return sum(scores) / len(scores) / 100


def distinct_n(texts: Sequence[str], n: int = 2) -> float:
    """distinct-n: the share of different n-grams among all n-grams of the texts together, in [0, 1].

        distinct-n = |set of n-grams| / |n-grams, repeats counted|

    Li et al. 2016 (arXiv 1510.03055). Words are what whitespace separates, case kept; no n-gram crosses texts. No
    n-gram at all (no text of n words) gives 0; all different, 1. It falls as texts get longer or more: compare like
    with like.

    Example:
        >>> distinct_n(["a b c", "a b d"], 2)  # ab, bc, ab, bd: 3 of 4
        0.75
    """
    n = checks.at_least_one("n", n)
    words = [text.split() for text in checks.texts("texts", texts)]
    ngrams = [gram for own in words for gram in zip(*(own[start:] for start in range(n)), strict=False)]
    return len(set(ngrams)) / len(ngrams) if ngrams else 0.0
