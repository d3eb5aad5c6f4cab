"""Diversity of wording among the responses to one prompt. It says nothing of meaning: paraphrases differ in words.

Words are those of each text's script, without case, punctuation and Markdown (`form/words.py`).
"""

from collections.abc import Sequence

from darling_plugin.core import checks
from darling_plugin.core.ngram import ngrams
from darling_plugin.errors import InputError
from darling_plugin.form.words import words


def self_bleu(texts: Sequence[str]) -> float:
    """Self-BLEU: the mean BLEU of each text against all the others as its references, in [0, 1]. Lower is more diverse.

        self-BLEU = 1/n · Σ over i of BLEU(text i, {text j : j ≠ i})

    Zhu et al. 2018 (Texygen, arXiv 1802.01886), with sacrebleu's sentence BLEU (Post 2018): n-grams up to 4 or the
    text's own length, whichever is less, and exponential smoothing where longer n-grams do not match. Copies give 1,
    texts that share no word 0. A text without words gives 0, even against its copy. Compare only sets of equally many
    texts: more references, higher BLEU. At least two texts are needed.

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

    metric = BLEU(effective_order=True, tokenize="none")
    spaced = [" ".join(words(text)) for text in listed]
    scores = [metric.sentence_score(text, spaced[:row] + spaced[row + 1 :]).score for row, text in enumerate(spaced)]
    return sum(scores) / len(scores) / 100


def distinct_n(texts: Sequence[str], n: int = 2) -> float:
    """distinct-n: the share of different n-grams among all n-grams of the texts together, in [0, 1].

        distinct-n = |set of n-grams| / |n-grams, repeats counted|

    Li et al. 2016 (arXiv 1510.03055). No n-gram crosses texts. No n-gram at all (no text of n words) gives 0; all
    different, 1. It falls as texts get longer or more: compare like with like.

    Example:
        >>> distinct_n(["a b c", "a b d"], 2)  # ab, bc, ab, bd: 3 of 4
        0.75
    """
    n = checks.at_least_one("n", n)
    found = [gram for text in checks.texts("texts", texts) for gram in ngrams(words(text), n)]
    return len(set(found)) / len(found) if found else 0.0
