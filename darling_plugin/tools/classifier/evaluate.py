"""How good a classifier is on labeled pairs, beside every cheap alternative. `darling classifier eval` drives it.

measures.py          from labels and scores to figures
baselines.py         what the pairs score without a classifier
outcome.py           what was found, as JSON and as a table; roc_plot.py draws the curves
cross_validation.py  the same for a recipe: each prompt is scored by a classifier that was trained without it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.similarity.classifier.batches import Progress
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.scorer import Scorer, load_scorer, probabilities
from darling_plugin.tools.classifier.baselines import NAMES, Score, baselines
from darling_plugin.tools.classifier.measures import metrics, ranking
from darling_plugin.tools.classifier.pairs import Pair, digest, key, labels, prompt_hash
from darling_plugin.tools.classifier.results import Baseline, Evaluation

Report = Callable[[str], None]
"""Is told, in a line of plain text, what is going on."""

WARM_UP = 32  # pairs scored before the clock starts


class Held(NamedTuple):
    """What a classifier said of pairs that it was asked to judge. Plain values: a fold's are stored as JSON."""

    probabilities: list[float]
    threshold: float
    seconds: float
    truncated: int
    """Texts that were longer than the classifier reads."""
    texts: int
    """Distinct ones."""


def evaluate(
    model: str,
    pairs: Sequence[Pair],
    *,
    baselines: bool = True,
    device: str | None = None,
    progress: Report | None = None,
) -> Evaluation:
    """Measure the classifier that `load_scorer` knows as `model` on the pairs, at its stored threshold.

    Args:
        baselines: whether to measure them too, on the same pairs.
        device: as torch names it, for the classifier and the baselines' encoder.
        progress: told what is going on.
    """
    others = choose_baselines(baselines, device)
    scorer = load_scorer(model, device=device)
    held = judge(scorer, pairs, progress)
    return measure(
        model,
        pairs,
        [(np.arange(len(pairs)), held)],
        others,
        progress,
        threshold=held.threshold,
        own_data=scorer.card.provenance.get("training_digest") == digest(pairs),
        seen_prompts=seen_prompts(scorer.card, pairs),
    )


def choose_baselines(wanted: bool, device: str | None) -> Mapping[str, Score]:
    """All or none of the baselines. Raises `MissingDependencyError` now, not after an hour of scoring."""
    return baselines(device) if wanted else {}


def judge(scorer: Scorer, pairs: Sequence[Pair], progress: Report | None = None) -> Held:
    """Score the pairs, timed after one batch that warms up. Raises `InputError` without a pair."""
    if not pairs:
        raise InputError("`pairs` is empty: there is nothing to measure on")
    texts = [pair.texts for pair in pairs]
    # Other texts of the same lengths: a scorer may remember what it has read.
    scorer.logits([(f"Warm up. {a}", f"Warm up. {b}") for a, b in texts[:WARM_UP]])
    before, began = scorer.truncated, time.perf_counter()
    logits = scorer.logits(texts, progress=_counter(scorer.name, progress))
    return Held(
        probabilities=probabilities(logits, scorer.card.temperature).tolist(),
        threshold=scorer.card.threshold,
        seconds=time.perf_counter() - began,
        truncated=scorer.truncated - before,
        texts=len({text for pair in texts for text in pair}),
    )


def measure(
    name: str,
    pairs: Sequence[Pair],
    judged: Sequence[tuple[np.ndarray, Held]],
    others: Mapping[str, Score],
    progress: Report | None = None,
    **known: Any,
) -> Evaluation:
    """The figures of verdicts on all pairs.

    Args:
        judged: (rows, held): what was said of pairs[rows]; each row is in one of them.
        others: the baselines to measure beside.
        known: further fields of `Evaluation`.
    """
    likely, thresholds = np.empty(len(pairs)), np.empty(len(pairs))
    for rows, held in judged:
        likely[rows], thresholds[rows] = held.probabilities, held.threshold
    truth, prompts = labels(pairs), [key(pair.prompt) for pair in pairs]
    seconds = sum(held.seconds for _, held in judged)
    return Evaluation(
        model=name,
        metrics=metrics(truth, likely, thresholds, prompts=prompts),
        verdicts_per_second=len(pairs) / seconds if seconds else None,
        truncated=sum(held.truncated for _, held in judged) / sum(held.texts for _, held in judged),
        labels=truth,
        probabilities=likely,
        baselines={other: _baseline(other, score, pairs, progress) for other, score in others.items()},
        **{"threshold": None} | known,
    )


def seen_prompts(card: Card, pairs: Sequence[Pair]) -> int | None:
    """How many prompts of the pairs the card's provenance lists as trained on; None where it has no list."""
    listed = card.provenance.get("training_prompts")
    return None if listed is None else len({prompt_hash(pair.prompt) for pair in pairs} & set(listed))


def _baseline(name: str, score: Score, pairs: Sequence[Pair], progress: Report | None) -> Baseline:
    if progress is not None:
        progress(f"{NAMES.get(name, name)} of {len(pairs):,} pairs")
    score([("warm", "up")])  # loads what it needs, outside the time
    began = time.perf_counter()
    scores = score([pair.texts for pair in pairs])
    seconds = time.perf_counter() - began
    ranked = ranking(labels(pairs), scores, prompts=[key(pair.prompt) for pair in pairs])
    return Baseline(ranked, len(pairs) / seconds if seconds else None, scores)


def _counter(name: str, progress: Report | None) -> Progress | None:
    """A scorer's progress as a running total."""
    if progress is None:
        return None
    total = 0

    def count(done: int) -> None:
        nonlocal total
        total += done
        progress(f"{name}: {total:,} read")

    return count
