"""The hypotheses of `docs/experiment.md`, and the words for what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recipes.countdown.experiment.analysis.contrast import Estimate, contrast, holm
from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.settings import Cell

LEVEL = 0.05


@dataclass(frozen=True)
class Hypothesis:
    """That a contrast lies in a direction, or, with direction 0, that it lies within ± `matters`.

    Args:
        weights: of the arms.
        direction: +1 above zero, −1 below, 0 equal.
        matters: the smallest difference that does.
        beyond: what is claimed is more than this, not than zero: −0.02 for "not lower by 0.02 or more".
    """

    name: str
    claim: str
    weights: Mapping[str, float]
    metric: str
    direction: int
    matters: float | None
    primary: bool = False
    beyond: float = 0.0


def _less(a: str, b: str) -> dict[str, float]:
    return {a: 1.0, b: -1.0}


HYPOTHESES = (
    Hypothesis("H1", "classes@16 above GRPO's", _less("darling", "grpo"), "classes@16", 1, 0.15, primary=True),
    Hypothesis("H2", "pass@16 above GRPO's", _less("darling", "grpo"), "pass@16", 1, 0.02, primary=True),
    Hypothesis(
        "H3", "pass@1 not lower by 0.02 or more", _less("darling", "grpo"), "pass@1", 1, None, True, beyond=-0.02
    ),
    Hypothesis("H4", "pass@1 above GRPO's", _less("darling", "grpo"), "pass@1", 1, 0.01, primary=True),
    Hypothesis("H5a", "classes@16 above GRPO's with std", _less("darling", "grpo_std"), "classes@16", 1, 0.15),
    Hypothesis("H5b", "pass@16 above GRPO's with std", _less("darling", "grpo_std"), "pass@16", 1, 0.02),
    Hypothesis("H6", "pass@1 above 4-gram's by 0.02", _less("darling", "ngram"), "pass@1", 1, None, beyond=0.02),
    Hypothesis("H7a", "gap smaller than GRPO's", _less("darling", "grpo"), "gap", -1, 0.02),
    Hypothesis("H7b", "entropy above GRPO's", _less("darling", "grpo"), "entropy", 1, 0.05),
    Hypothesis("H8a", "learned judge: pass@1 equal", _less("learned", "darling"), "pass@1", 0, 0.02),
    Hypothesis("H8b", "learned judge: classes@16 equal", _less("learned", "darling"), "classes@16", 0, 0.15),
    Hypothesis(
        "H9",
        "flipped verdicts keep half of the gain in classes@16",
        {"flipped": 1.0, "grpo": -0.5, "darling": -0.5},
        "classes@16",
        1,
        None,
    ),
    Hypothesis(
        "H10a", "correct only: classes@16 above DARLING's", _less("correct_only", "darling"), "classes@16", 1, 0.15
    ),
    Hypothesis("H10b", "correct only: pass@1 below DARLING's", _less("correct_only", "darling"), "pass@1", -1, 0.01),
    Hypothesis("H11", "additive: pass@1 below DARLING's", _less("additive", "darling"), "pass@1", -1, 0.01),
)


@dataclass(frozen=True)
class Outcome:
    """What came of one. `p`: corrected for its family; None where nothing was tested."""

    hypothesis: Hypothesis
    estimate: Estimate
    p: float | None = None
    words: str = field(default="")

    def as_json(self) -> dict[str, Any]:
        h = self.hypothesis
        return {"name": h.name, "claim": h.claim, "metric": h.metric, **self.estimate.as_json(),
                "p_corrected": self.p, "words": self.words}  # fmt: skip


def outcomes(arms: Mapping[str, Mapping[Cell, Result]], hypotheses: Sequence[Hypothesis] = HYPOTHESES) -> list[Outcome]:
    """Of the hypotheses whose arms have runs in common cells. Holm's correction is over each family's tested ones."""
    found = []
    for hypothesis in hypotheses:
        estimate = contrast(hypothesis.weights, arms, hypothesis.metric, test=True, shift=-hypothesis.beyond)
        if estimate is not None:
            found.append(Outcome(hypothesis, estimate))
    corrected: dict[str, float] = {}
    for primary in (True, False):
        corrected |= holm(
            {
                outcome.hypothesis.name: outcome.estimate.p
                for outcome in found
                if outcome.hypothesis.primary == primary
                and outcome.hypothesis.direction
                and outcome.estimate.p is not None
            }
        )
    with_p = [replace(outcome, p=corrected.get(outcome.hypothesis.name)) for outcome in found]
    return [replace(outcome, words=words(outcome)) for outcome in with_p]


def words(outcome: Outcome) -> str:
    """*shown*, *shown to matter*, *no effect*, *against*, *not decided*: as the plan defines them."""
    h, e = outcome.hypothesis, outcome.estimate
    if e.low is None or e.high is None:
        return "not decided"  # one cell
    inside = h.matters is not None and -h.matters < e.low and e.high < h.matters
    if h.direction == 0:
        return "equal" if inside else "not decided"
    if outcome.p is not None and outcome.p < LEVEL:
        forward = h.direction * (e.mean - h.beyond) > 0
        nearest = min(h.direction * e.low, h.direction * e.high)
        if not forward:
            return "against"
        if h.matters is not None and nearest > h.matters:
            return "shown to matter"
        return "shown, and smaller than what matters" if inside else "shown"
    return "no effect" if inside else "not decided"
