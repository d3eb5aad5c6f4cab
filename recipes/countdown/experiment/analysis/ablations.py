"""What each ablation is compared with: the same cells of another arm, which differs in the one thing that is asked."""

from __future__ import annotations

from collections.abc import Mapping

from recipes.countdown.experiment.analysis.contrast import Estimate, difference
from recipes.countdown.experiment.ledger import Result
from recipes.countdown.experiment.plan import NOISE
from recipes.countdown.experiment.settings import Cell

Runs = Mapping[Cell, Result]
Arms = Mapping[str, Runs]
KINDS = ("false same", "false different")
WRONG_JUDGE = "a wrong judge"
FROM_MAIN = ("darling", "grpo", "correct_only", "ngram")
"""Arms of the main comparison that ablations are shown beside."""

QUESTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "among all responses or the correct ones": (("correct_only", "darling"),),
    "floor 0.1 or 0": (("floor 0", "darling"), ("correct only, floor 0", "correct_only")),
    "a lone correct answer at 1 or at the floor": (("correct only, alone 1", "correct_only"),),
    "standard deviation": (("darling, std", "darling"),),
    "responses to a prompt (8 unless said)": (
        ("darling, n 4", "grpo, n 4"),
        ("darling", "grpo"),
        ("darling, n 16", "grpo, n 16"),
    ),
    "RL prompts (128 unless said)": (
        ("darling, 32 prompts", "grpo, 32 prompts"),
        ("darling", "grpo"),
        ("darling, 512 prompts", "grpo, 512 prompts"),
    ),
    WRONG_JUDGE: tuple((f"{kind} {rate:g}", "darling") for kind in KINDS for rate in NOISE),
    "representatives or the closure": (
        ("representatives", "darling"),
        *((f"{kind} {rate:g}, representatives", f"{kind} {rate:g}") for kind in KINDS for rate in NOISE),
    ),
}
"""Question → (arm, what it is less): the differences that answer it."""


def differences(arms: Arms, question: str) -> dict[str, dict[str, Estimate]]:
    """differences[arm less other][metric], of the pairs that have runs of one cell."""
    rows = {f"{arm} less {other}": difference(arms, arm, other) for arm, other in QUESTIONS[question]}
    return {name: row for name, row in rows.items() if row}


def by_rate(arms: Arms) -> dict[str, dict[float, Runs]]:
    """lines[kind of error, way to partition][share of wrong verdicts], with the exact similarity at 0."""
    lines: dict[str, dict[float, Runs]] = {}
    for kind in KINDS:
        for exact, way in (("darling", ""), ("representatives", ", representatives")):
            named = {0.0: exact} | {rate: f"{kind} {rate:g}{way}" for rate in NOISE}
            lines[f"{kind}{way}"] = {rate: arms[name] for rate, name in named.items() if arms.get(name)}
    return {name: points for name, points in lines.items() if points}
