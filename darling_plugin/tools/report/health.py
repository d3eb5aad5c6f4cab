"""Whether a run looks healthy, by simple rules on what it logged. A rule that finds nothing to say is silent.

Medians of the first and of the last WINDOW steps are compared, or of the halves of a shorter run. With fewer than
FEWEST steps there is no verdict.

    quality        falls, by more than CHANGE of where it began; or rises by as much
    classes        a group has almost one class (COLLAPSED): nothing is left to reward
    distinct       almost all responses are classes of their own (DISTINCT): the similarity tells none apart
    entropy        below ENTROPY of where it began: the policy has nearly stopped to explore
    length         more than DOUBLED, or less than its inverse
    hidden share   less than HIDDEN of the partition's work is done while responses still come in
    quality only   steps whose similarity failed, so that only quality was rewarded (darling.on_failure)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from darling_plugin.tools.report import curves
from darling_plugin.tools.report.runs import Row

FEWEST = 10
WINDOW = 10
CHANGE = 0.05
COLLAPSED = 0.05
DISTINCT = 0.95
ENTROPY = 0.2
DOUBLED = 2.0
HIDDEN = 0.5

HIDDEN_SHARE = ("darling/service/hidden_share",)
QUALITY_ONLY = ("darling/quality_only",)


class Health(NamedTuple):
    """`status`: healthy | look | unknown. `reasons`: sentences, problems first."""

    status: str
    reasons: tuple[str, ...]


def health(rows: Sequence[Row]) -> Health:
    """What the rules say of these steps."""
    steps = [row for row in rows if row["step"] > 0]
    if len(steps) < FEWEST:
        return Health("unknown", (f"{len(steps)} steps are too few to say, at least {FEWEST} are needed",))
    problems = [said for rule in PROBLEMS for said in rule(steps)]
    good = list(_rises(steps))
    if problems:
        return Health("look", (*problems, *good))
    if not curves.series(steps, curves.QUALITY):
        return Health("unknown", ("quality was not logged",))
    return Health("healthy", tuple(good) or ("quality is steady, and no rule found a problem",))


def _ends(steps: Sequence[Row], keys: Sequence[str]) -> tuple[float, float] | None:
    values = [value for _, value in curves.series(steps, keys)]
    window = min(WINDOW, len(values) // 2)
    return (median(values[:window]), median(values[-window:])) if window else None


def _moved(steps: Sequence[Row]) -> tuple[float, float, float]:
    """Quality at both ends, and its change relative to where it began (at least to a hundredth)."""
    first, last = _ends(steps, curves.QUALITY) or (0.0, 0.0)
    return first, last, (last - first) / max(abs(first), 0.01)


def _rises(steps: Sequence[Row]) -> Iterator[str]:
    first, last, change = _moved(steps)
    if change > CHANGE:
        yield f"quality rises from {first:.3g} to {last:.3g}"


def _falls(steps: Sequence[Row]) -> Iterator[str]:
    first, last, change = _moved(steps)
    if change < -CHANGE:
        yield f"quality falls from {first:.3g} to {last:.3g}"


def _classes(steps: Sequence[Row]) -> Iterator[str]:
    ends = _ends(steps, curves.DIVERSITY)
    if ends and ends[1] < COLLAPSED:
        yield f"classes collapse: on average {ends[1]:.1%} of a response’s siblings are in other classes"
    if ends and ends[1] > DISTINCT:
        yield f"nearly all responses are distinct ({ends[1]:.1%} of siblings), so diversity rewards all of them alike"


def _entropy(steps: Sequence[Row]) -> Iterator[str]:
    ends = _ends(steps, ("actor/entropy",))
    if ends and ends[0] > 0 and ends[1] < ENTROPY * ends[0]:
        yield f"entropy falls from {ends[0]:.3g} to {ends[1]:.3g} nats"


def _length(steps: Sequence[Row]) -> Iterator[str]:
    ends = _ends(steps, ("response_length/mean",))
    if ends and ends[0] > 0 and not 1 / DOUBLED <= ends[1] / ends[0] <= DOUBLED:
        yield f"responses go from {ends[0]:.0f} to {ends[1]:.0f} tokens"


def _hidden(steps: Sequence[Row]) -> Iterator[str]:
    ends = _ends(steps, HIDDEN_SHARE)
    if ends and ends[1] < HIDDEN:
        yield f"only {ends[1]:.0%} of the partition’s work is done during sampling: set more darling.service.replicas"


def _quality_only(steps: Sequence[Row]) -> Iterator[str]:
    values = [value for _, value in curves.series(steps, QUALITY_ONLY)]
    late = sum(value > 0 for value in values)
    if late:
        yield f"in {late} of {len(values)} steps the similarity failed, so only quality was rewarded"


PROBLEMS: tuple[Callable[[Sequence[Row]], Iterator[str]], ...] = (
    _falls,
    _classes,
    _entropy,
    _length,
    _hidden,
    _quality_only,
)
