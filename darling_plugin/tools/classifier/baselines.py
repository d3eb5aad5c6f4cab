"""The cheap alternatives to a learned classifier: what a pair of texts scores without one.

    bleu       sacrebleu's sentence BLEU
    rouge1     F1 of shared words, by rouge-score
    bertscore  F1 of greedily matched token embeddings of the packaged encoder
    jaccard    shared words (similarity/lexical.py)
    embedding  cosine of the packaged encoder's embeddings (similarity/embedding.py)

None has a threshold of its own here: they are compared by how well they rank. All are symmetric, and two equal texts
score 1, whatever the metric itself says of a text without a token. To add one: a function here, and a line in `NAMES`
and in `baselines`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from darling_plugin.similarity.embedding import EmbeddingSimilarity
from darling_plugin.similarity.lexical import LexicalSimilarity
from darling_plugin.similarity.packaged import require

TextPair = tuple[str, str]
Score = Callable[[Sequence[TextPair]], np.ndarray]
"""scores[k] of pairs[k], shape (len(pairs),), higher for more alike."""

NAMES = {
    "bleu": "BLEU",
    "rouge1": "ROUGE-1",
    "bertscore": "BERTScore",
    "jaccard": "Jaccard",
    "embedding": "MiniLM cosine",
}

PAIRS_AT_ONCE = 32  # 64 texts of 256 tokens and 384 numbers are 25 MB


def baselines(device: str | None = None) -> dict[str, Score]:
    """Every baseline, under the names of `NAMES`. Raises `MissingDependencyError`; no model is loaded yet.

    Args:
        device: as torch names it, for the encoder; None takes an accelerator when there is one.
    """
    for module in ("sacrebleu", "rouge_score"):
        require(module)
    embedding = EmbeddingSimilarity(device=device)
    functions: dict[str, Score] = {
        "bleu": bleu,
        "rouge1": rouge_1,
        "bertscore": lambda pairs: bert_score(pairs, embedding.encoder),
        "jaccard": LexicalSimilarity(),
        "embedding": embedding,
    }
    return {name: _readable(function) for name, function in functions.items()}


def bleu(pairs: Sequence[TextPair]) -> np.ndarray:
    """Sentence BLEU, the mean of both directions, in [0, 1].

    BLEU = brevity penalty · geometric mean of the n-gram precisions, n up to 4 or the shorter text's length; a
    precision of 0 is smoothed exponentially. Papineni et al. 2002; sacrebleu's tokens and smoothing (Post 2018).
    """
    from sacrebleu.metrics import BLEU

    metric = BLEU(effective_order=True)

    def both_ways(a: str, b: str) -> float:
        return (metric.sentence_score(a, [b]).score + metric.sentence_score(b, [a]).score) / 200

    return _each(pairs, both_ways)


def rouge_1(pairs: Sequence[TextPair]) -> np.ndarray:
    """F1 of shared words, each counted as often as both texts have it, in [0, 1]; symmetric as it is.

    Lin 2004; rouge-score's defaults: lower case, no stemmer, words of a–z and 0–9 only. Texts in other scripts have no
    word for it and score 0 unless they are equal.
    """
    from rouge_score.rouge_scorer import RougeScorer

    metric = RougeScorer(["rouge1"], use_stemmer=False)
    return _each(pairs, lambda a, b: metric.score(a, b)["rouge1"].fmeasure)


def bert_score(pairs: Sequence[TextPair], encoder: Any) -> np.ndarray:
    """BERTScore F1 = 2PR / (P + R),  P = mean over a's tokens x of max over b's tokens y of cos(x, y), R the converse.

    Zhang et al. 2020 (arXiv 1904.09675), without idf weights and rescaling, on the last layer of a
    sentence-transformers encoder, which reads the first `encoder.max_seq_length` tokens. Tokens that the tokenizer adds
    are left out. A text without tokens scores 1 with another such, 0 with the rest.
    """
    scores = np.empty(len(pairs))
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        chunk = pairs[start : start + PAIRS_AT_ONCE]
        tokens = _token_vectors(sorted({text for pair in chunk for text in pair}), encoder)
        scores[start : start + len(chunk)] = [_greedy_f1(tokens[a], tokens[b]) for a, b in chunk]
    return scores


def _token_vectors(texts: list[str], encoder: Any) -> dict[str, np.ndarray]:
    """text -> unit vectors of its tokens, shape (tokens, dimensions)."""
    encoded = encoder.encode(texts, output_value="token_embeddings", convert_to_numpy=False, show_progress_bar=False)
    # The first and the last are the tokenizer's own: [CLS] and [SEP].
    vectors = [tokens[1:-1].float().cpu().numpy() for tokens in encoded]
    return {text: own / np.linalg.norm(own, axis=1, keepdims=True) for text, own in zip(texts, vectors, strict=True)}


def _greedy_f1(a: np.ndarray, b: np.ndarray) -> float:
    if not len(a) or not len(b):
        return float(len(a) == len(b))
    cosine = a @ b.T
    precision, recall = float(cosine.max(axis=1).mean()), float(cosine.max(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if min(precision, recall) > 0 else 0.0


def _each(pairs: Sequence[TextPair], score: Callable[[str, str], float]) -> np.ndarray:
    return np.array([1.0 if a == b else score(a, b) for a, b in pairs], dtype=np.float64)


def _readable(function: Score) -> Score:
    """The function, seeing "?" in place of lone surrogates, which are no text: tokenizers refuse them."""

    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode("utf-8")

    return lambda pairs: function([(clean(a), clean(b)) for a, b in pairs])
