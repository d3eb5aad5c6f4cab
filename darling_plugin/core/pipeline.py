"""Start here: one batch through every step of DARLING (arXiv 2509.02534, section 3).

    responses ─► partition ─► diversity ─┐
                             quality ────┴─► fusion ─► advantage

verl's trainer hook calls exactly this function, with the rollouts of one training step.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darling_plugin.core import checks
from darling_plugin.core.advantage import group_advantages
from darling_plugin.core.diversity import partition_diversity
from darling_plugin.core.fusion import MODES, SHIFTS, fuse_rewards
from darling_plugin.core.ngram import ngram_diversity
from darling_plugin.core.partition import Partition, find_partition
from darling_plugin.core.verdicts import Judge
from darling_plugin.errors import InputError

DIVERSITIES = ("partition", "ngram")
AMONG = ("all", "correct")

FindPartition = Callable[[list[str], Any, np.ndarray | None], Partition]
"""find(responses, uid, correct): the partition of a batch, from somewhere else."""


@dataclass(frozen=True)
class PipelineSettings:
    """What a run chooses. The defaults are the paper's; checked on construction."""

    diversity: str = "partition"
    """partition: by the judge's classes. ngram: the lexical baseline, which needs no judge."""
    among: str = "all"
    """all: compare all responses of a prompt, as the authors do. correct: those alone, the floor for the rest."""
    threshold: float = 0.5
    """Two responses are equivalent when P is above this; each judge has its own best value."""
    short_text_rule: bool = True
    """Settle pairs of texts of at most five words without the judge."""
    floor: float = 0.1
    alone: float = 1.0
    ngram: int = 4
    mode: str = "multiplicative"
    shift: str = "none"
    weight: float = 1.0
    normalize_by_std: bool = False
    correct_threshold: float = 0.5
    """A response is correct when its quality is above this."""

    def __post_init__(self) -> None:
        checks.choice("diversity", self.diversity, DIVERSITIES)
        checks.choice("among", self.among, AMONG)
        checks.choice("mode", self.mode, MODES)
        checks.choice("shift", self.shift, SHIFTS)
        checks.fraction("threshold", self.threshold)
        checks.fraction("floor", self.floor)
        checks.fraction("alone", self.alone)
        checks.at_least_one("ngram", self.ngram)
        checks.number("weight", self.weight)
        checks.number("correct_threshold", self.correct_threshold)
        checks.flag("short_text_rule", self.short_text_rule)
        checks.flag("normalize_by_std", self.normalize_by_std)


@dataclass(frozen=True)
class PipelineResult:
    """One entry per response in each array; then what the partition cost, over the whole batch."""

    labels: np.ndarray | None
    """Class within the uid, −1 = left out. None with n-gram diversity, which has no classes."""
    correct: np.ndarray
    diversity: np.ndarray
    rewards: np.ndarray
    advantages: np.ndarray
    verdicts_asked: int
    verdicts_avoided: int
    rounds: int


def run_pipeline(
    responses: Sequence[str],
    uid: Sequence[Hashable] | np.ndarray,
    quality: Sequence[float] | np.ndarray,
    similarity: Judge | None,
    settings: PipelineSettings | None = None,
    find: FindPartition | None = None,
) -> PipelineResult:
    """Rewards and advantages of one batch.

    Args:
        similarity: the judge; None with n-gram diversity, or with `find`.
        find: finds the partition in the judge's place, with its own threshold (`service/`).
    """
    s = settings or PipelineSettings()
    texts = checks.texts("responses", responses)
    q = checks.numbers("quality", quality, len(texts), "responses")

    # Who is compared with whom: all responses of a prompt, or the correct ones among each other.
    correct = q > s.correct_threshold
    among = correct if s.among == "correct" else None

    labels, asked, avoided, rounds = None, 0, 0, 0
    if s.diversity == "ngram":
        # The lexical baseline: which word n-grams no sibling has.
        diversity = _ngram_among(texts, uid, among, s)
    else:
        # Equivalent responses form classes: the transitive closure of the judge's verdicts.
        found = (find or finder(_required(similarity), s))(texts, uid, among)
        labels, asked, avoided, rounds = found.labels, found.asked, found.avoided, found.rounds
        # Diversity is the share of siblings in another class.
        diversity = partition_diversity(labels, uid, floor=s.floor, alone=s.alone)

    # The reward is quality times diversity: only what is both good and distinct is pushed up far.
    rewards = fuse_rewards(q, diversity, uid, mode=s.mode, shift=s.shift, weight=s.weight)

    # The advantage is the reward above the group's mean, not divided by its standard deviation.
    advantages = group_advantages(rewards, uid, normalize_by_std=s.normalize_by_std)

    return PipelineResult(labels, correct, diversity, rewards, advantages, asked, avoided, rounds)


def finder(similarity: Judge, s: PipelineSettings) -> FindPartition:
    """What finds partitions by asking this judge."""
    return lambda texts, uid, correct: find_partition(
        texts, uid, similarity, threshold=s.threshold, correct=correct, short_text_rule=s.short_text_rule
    )


def _required(similarity: Judge | None) -> Judge:
    if similarity is None:
        raise InputError(
            '`similarity` is None, and diversity="partition" needs a judge: a callable that takes pairs of texts, or '
            'set diversity="ngram", which needs none'
        )
    return similarity


def _ngram_among(
    texts: list[str], uid: Sequence[Hashable] | np.ndarray, among: np.ndarray | None, s: PipelineSettings
) -> np.ndarray:
    """n-gram diversity of all, or of the correct ones among each other with the floor for the rest."""
    if among is None:
        return ngram_diversity(texts, uid, n=s.ngram)
    checks.same_length("uid", len(uid), len(texts), "responses")
    rows = np.flatnonzero(among).tolist()
    diversity = np.full(len(texts), s.floor)
    diversity[rows] = ngram_diversity([texts[row] for row in rows], [uid[row] for row in rows], n=s.ngram)
    return diversity
