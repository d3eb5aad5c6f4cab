"""A bi-encoder that learns from another similarity: one encoding per response in the place of a reading per pair.

The teacher scores the pairs of sampled responses. The student is trained on its logits, log P/(1 − P), moved so that
0 is the teacher's threshold: binary cross-entropy against σ of that, which has its least value where the student's
logit is the teacher's (Hinton et al. 2015, arXiv 1503.02531). A prompt's responses are all on one side: those that
agreement is measured on were in no training, early stopping or calibration.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.core import find_partition
from darling_plugin.errors import InputError
from darling_plugin.similarity import ClassifierSimilarity, Similarity
from darling_plugin.similarity.classifier.batches import Progress
from darling_plugin.tools.classifier.pairs import Pair, split_by_prompt
from darling_plugin.tools.classifier.recipe import Recipe
from darling_plugin.tools.classifier.train import Trained, train

AT_ONCE = 256  # pairs in a call of the teacher
OWN_DRAW = 1_000_003
LIMIT = 1e-6  # of a teacher's P: one of 0 or 1 has no logit


@dataclass(frozen=True)
class Agreement:
    """Student and teacher on the held-out prompts.

    auc: of the student's P against the teacher's verdicts, None where those are all equal. adjusted_rand: mean over the
    groups of the adjusted Rand index of their classes (Hubert and Arabie 1985). same_classes: share of the groups whose
    classes are the same. pairs, texts: how many readings of two texts, and of one, the groups cost.
    """

    prompts: int
    pairs: int
    texts: int
    auc: float | None
    adjusted_rand: float
    same_classes: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Distilled:
    trained: Trained
    agreement: Agreement


def distill(
    teacher: Similarity,
    groups: Mapping[str, Sequence[str]],
    out: Path,
    recipe: Recipe,
    *,
    held_share: float = 0.2,
    quiet: bool = False,
    progress: Progress | None = None,
) -> Distilled:
    """Label every pair of each prompt's responses with the teacher, train a bi-encoder, measure how they agree.

    Args:
        teacher: any similarity.
        groups: prompt → its distinct responses; one with a single response teaches nothing and is left out.
        out: the student's folder, made here.
        recipe: of the student's training.
        held_share: of the prompts, that agreement is measured on.

    Raises `InputError` where no prompt is left to train on or to measure on.
    """
    unlabelled = [
        Pair(prompt, a, b, 0)
        for prompt, texts in groups.items()
        for a, b in itertools.combinations(dict.fromkeys(texts), 2)
    ]
    # A draw of its own: with the training's, the prompts that are held out here would be those for calibration there.
    shares = {"learn": 1 - held_share, "held": held_share}
    parts = split_by_prompt(unlabelled, shares, recipe.seed + OWN_DRAW)
    for name, own in parts.items():
        if not own:
            raise InputError(
                f"no pair of responses is left in the part {name!r}; give more prompts with two or more responses"
            )
    learn = label_pairs(teacher, parts["learn"], progress)
    held = label_pairs(teacher, parts["held"], progress)
    trained = train(learn, out, recipe, quiet=quiet)
    student: Any = ClassifierSimilarity(str(out))
    return Distilled(trained, agreement(held, student))


def label_pairs(teacher: Similarity, pairs: Sequence[Pair], progress: Progress | None = None) -> list[Pair]:
    """The pairs with the teacher's verdict as `similar` and σ(its logit − its threshold's logit) as `target`."""
    found = []
    for start in range(0, len(pairs), AT_ONCE):
        part = pairs[start : start + AT_ONCE]
        p = np.asarray(teacher([pair.texts for pair in part]), dtype=np.float64)
        logits = log_odds(p) - log_odds(np.array(teacher.default_threshold))
        targets = (1 / (1 + np.exp(-logits))).tolist()
        found += [
            Pair(pair.prompt, pair.first, pair.second, int(above), target)
            for pair, above, target in zip(part, p > teacher.default_threshold, targets, strict=True)
        ]
        if progress is not None:
            progress(len(part))
    return found


def agreement(held: Sequence[Pair], student: Similarity) -> Agreement:
    """The student against the teacher's labels on these pairs: all pairs of each of their prompts."""
    from sklearn.metrics import adjusted_rand_score, roc_auc_score

    p = np.asarray(student([pair.texts for pair in held]))
    verdicts = np.array([pair.similar for pair in held])
    by_prompt: dict[str, list[int]] = {}
    for k, pair in enumerate(held):
        by_prompt.setdefault(pair.prompt, []).append(k)
    rand, same, texts = [], [], 0
    for rows in by_prompt.values():
        theirs = _classes(held, rows, verdicts.astype(float), 0.5)
        ours = _classes(held, rows, p, student.default_threshold)
        rand.append(float(adjusted_rand_score(theirs, ours)))
        same.append(bool(np.array_equal(theirs, ours)))
        texts += len(theirs)
    return Agreement(
        prompts=len(by_prompt),
        pairs=len(held),
        texts=texts,
        auc=float(roc_auc_score(verdicts, p)) if len(set(verdicts.tolist())) == 2 else None,
        adjusted_rand=float(np.mean(rand)),
        same_classes=float(np.mean(same)),
    )


def log_odds(p: np.ndarray) -> np.ndarray:
    kept = np.clip(p, LIMIT, 1 - LIMIT)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def _classes(pairs: Sequence[Pair], rows: Sequence[int], p: np.ndarray, threshold: float) -> np.ndarray:
    texts = list(dict.fromkeys(text for k in rows for text in pairs[k].texts))
    known = {frozenset(pairs[k].texts): float(p[k]) for k in rows}
    return find_partition(
        texts,
        [0] * len(texts),
        lambda asked: [known[frozenset(pair)] for pair in asked],
        threshold=threshold,
        short_text_rule=False,
    ).labels
