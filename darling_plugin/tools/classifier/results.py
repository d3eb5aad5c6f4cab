"""What an evaluation found: as JSON, and as a table on the terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from darling_plugin.similarity.classifier.scorer import DEFAULT
from darling_plugin.tools.classifier.baselines import NAMES
from darling_plugin.tools.classifier.measures import Metrics, Ranking

if TYPE_CHECKING:
    from rich.console import Console

OWN_DATA = (
    "MEASURED ON ITS OWN TRAINING DATA: these figures are too high. `--folds 5` measures without this bias: each "
    "prompt is then scored by a classifier that was trained without it."
)
SHIPPED = "Figures of the shipped classifier on labelers that it was not fitted on are in docs/classifier.md."
COLUMNS = ("AUC", "95 %", "AP", "accuracy", "F1", "ECE", "pairs/s")


@dataclass(frozen=True)
class Folds:
    """Cross-validation, fold by fold."""

    aucs: tuple[float | None, ...]
    """None where the held-out pairs are of one kind."""
    thresholds: tuple[float, ...]

    @property
    def auc_mean(self) -> float | None:
        return float(np.mean(self._known)) if self._known else None

    @property
    def auc_sd(self) -> float | None:
        """Over the folds (with n − 1); None for fewer than two."""
        return float(np.std(self._known, ddof=1)) if len(self._known) > 1 else None

    @property
    def _known(self) -> list[float]:
        return [auc for auc in self.aucs if auc is not None]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"auc_mean": self.auc_mean, "auc_sd": self.auc_sd}


@dataclass(frozen=True)
class Baseline:
    """One cheap alternative on the same pairs. `scores[k]` of pairs[k]; `per_second` is None where no time passed."""

    ranking: Ranking
    per_second: float | None
    scores: np.ndarray

    def as_json(self) -> dict[str, Any]:
        return self.ranking.as_json() | {"pairs_per_second": self.per_second}


@dataclass(frozen=True)
class Evaluation:
    """A classifier, or a cross-validated recipe, measured on pairs beside the baselines.

    Attributes:
        threshold: the stored one; None in a cross-validation, where each fold has its own.
        verdicts_per_second: of the classifier, loaded and warm; None where no time passed.
        truncated: share of the distinct texts that were longer than the classifier reads.
        labels, probabilities: of each pair, shape (pairs,): what a ROC curve is drawn from.
        own_data: whether these very pairs trained the classifier.
        seen_prompts: how many of the prompts were trained on; None where the classifier's folder does not say.
    """

    model: str
    metrics: Metrics
    threshold: float | None
    verdicts_per_second: float | None
    truncated: float
    labels: np.ndarray
    probabilities: np.ndarray
    baselines: dict[str, Baseline] = field(default_factory=dict)
    own_data: bool = False
    seen_prompts: int | None = None
    folds: Folds | None = None

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        found = []
        if self.own_data:
            found.append(OWN_DATA)
        elif self.seen_prompts:
            found.append(
                f"{self.seen_prompts:,} of {self.metrics.prompts:,} prompts were trained on: these figures are "
                "too high. `--folds 5` measures without this bias."
            )
        if self.model == DEFAULT and (self.own_data or self.seen_prompts):
            found[-1] = f"{found[-1].partition(' `--folds')[0]} {SHIPPED}"
        if self.metrics.auc is None:
            kind = "equivalent" if self.metrics.equivalents else "distinct"
            found.append(f"All {self.metrics.n:,} pairs are {kind}: ROC AUC and average precision need both kinds.")
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain values; `baselines` is name -> AUC, `baseline_details` has the rest."""
        return {
            "model": self.model,
            **self.metrics.as_json(),
            "threshold": self.threshold,
            "verdicts_per_second": self.verdicts_per_second,
            "truncated": self.truncated,
            "baselines": {name: found.ranking.auc for name, found in self.baselines.items()},
            "baseline_details": {name: found.as_json() for name, found in self.baselines.items()},
            "folds": None if self.folds is None else self.folds.as_json(),
            "own_training_data": self.own_data,
            "seen_prompts": self.seen_prompts,
            "notes": self.notes,
        }


def print_table(console: Console, evaluation: Evaluation) -> None:
    """The classifier above the baselines, best first, and what must be known about the figures. Fits 80 columns.

    AUC is ROC AUC with its 95 % interval, AP average precision, ECE calibration error: see `measures.py`.
    """
    from rich.table import Table
    from rich.text import Text

    found = evaluation.metrics
    table = Table(
        title=Text(f"{found.n:,} pairs of {found.prompts:,} prompts, {found.equivalents:,} equivalent", style="bold"),
        caption=Text(_caption(evaluation)),
        caption_justify="left",
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("", overflow="fold")  # the only one that gives way: no figure is ever cut
    for heading in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    verdicts = [_number(value) for value in (found.accuracy, found.f1, found.ece)]
    # Text, not str: brackets in a folder's name are no markup.
    table.add_row(
        Text(evaluation.model), *_ranks(found), *verdicts, _speed(evaluation.verdicts_per_second), style="bold"
    )
    for name, other in sorted(evaluation.baselines.items(), key=lambda item: -(item[1].ranking.auc or 0)):
        table.add_row(NAMES.get(name, name), *_ranks(other.ranking), "", "", "", _speed(other.per_second))
    console.print(table)
    for note in evaluation.notes:
        console.print(Text(f"! {note}", style="bold red"))


def _ranks(ranking: Ranking) -> list[str]:
    interval = "–" if ranking.auc_low is None else f"{_number(ranking.auc_low)}–{_number(ranking.auc_high)}"
    return [_number(ranking.auc), interval, _number(ranking.average_precision)]


def _caption(evaluation: Evaluation) -> str:
    found, folds = evaluation.metrics, evaluation.folds
    verdicts = "each fold's own threshold" if folds else f"threshold {_number(evaluation.threshold)}"
    parts = [
        f"At {verdicts}: precision {_number(found.precision)}, recall {_number(found.recall)}, "
        f"{_number(found.false_merges)} of the distinct pairs called equivalent.",
        f"{evaluation.truncated:.0%} of the texts were longer than the classifier reads.",
    ]
    if folds:
        own = ", ".join(_number(auc) for auc in folds.aucs)
        parts.insert(0, f"ROC AUC of the folds: {_number(folds.auc_mean)} ± {_number(folds.auc_sd)} ({own}).")
    return "\n".join(parts)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _speed(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
