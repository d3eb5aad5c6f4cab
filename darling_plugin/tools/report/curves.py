"""From the steps that a run logged to what is drawn of them. Names are verl's and `core/metrics.py`'s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from darling_plugin.tools.report.runs import PassAtK, Row

Points = list[tuple[float, float]]  # (step, value)

QUALITY = ("darling/quality/mean", "critic/score/mean")  # critic/score is pure quality with every estimator
DIVERSITY = ("darling/diversity/mean",)
STEP = "timing_s/step"
AFTER_STEP = {"testing"}  # validation: verl's trainer times it after the step
PARTS = 6  # of a step's time that are named; the rest is `other`
# verl's process_validation_metrics: mean of N samples; best of n by bootstrap from N
VALIDATION = re.compile(r"val-(?:core|aux)/(?P<source>.+)/(?P<what>acc|reward)/(?P<how>mean@\d+|best@\d+/mean)")


class Curve(NamedTuple):
    """One panel: the first of `keys` that the run logged. `note` says what the value is."""

    title: str
    note: str
    keys: tuple[str, ...]


CURVES = (
    Curve("Quality", "mean of a step’s responses", QUALITY),
    Curve("Diversity", "mean share of siblings in other classes", DIVERSITY),
    Curve("Classes per group", "mean of a step’s groups", ("darling/classes/mean",)),
    Curve("Entropy", "of the policy’s next token, nats", ("actor/entropy",)),
    Curve("Response length", "mean, tokens", ("response_length/mean",)),
    Curve("Reward", "quality fused with diversity, mean", ("darling/reward/mean",)),
)


def series(rows: Sequence[Row], keys: Sequence[str]) -> Points:
    """(step, value) of the first key that any step holds; empty where none does."""
    for key in keys:
        found = [(row["step"], row[key]) for row in rows if key in row]
        if found:
            return found
    return []


def missing(rows: Sequence[Row]) -> list[str]:
    """A sentence for what these steps did not log; a GRPO run has no darling/* unless darling.monitor is set."""
    absent = [curve for curve in CURVES if not series(rows, curve.keys)]
    names = [f"{curve.title} ({' or '.join(curve.keys)})" for curve in absent]
    return [f"not logged: {', '.join(names)}"] if names else []


def validations(rows: Sequence[Row]) -> list[Curve]:
    """A panel for each of verl's val-core keys: mean@N and best@N of each data source, of acc where it has one."""
    found = {key: VALIDATION.fullmatch(key) for key in sorted({key for row in rows for key in row})}
    return [
        Curve(f"Validation {match['how'].removesuffix('/mean')}", f"{match['source']}, {match['what']}", (key,))
        for key, match in found.items()
        if match and key.startswith("val-core/")
    ]


def validation_pass_at_k(rows: Sequence[Row]) -> tuple[PassAtK, ...]:
    """mean@N as pass@1 and best@n as pass@n, of the first and of the last validation, for each source that has acc.

    No width: verl logs the spread within a prompt, which is not the error of the mean.
    """
    curves: dict[str, dict[float, dict[int, float]]] = {}  # source, step, k
    for row in rows:
        for key, value in row.items():
            found = VALIDATION.fullmatch(key)
            if found and found["what"] == "acc":
                how, at = found["how"].split("/")[0].split("@")
                steps = curves.setdefault(found["source"], {})
                steps.setdefault(row["step"], {})[1 if how == "mean" else int(at)] = value
    return tuple(
        PassAtK(f"{source}, step {step:g}", tuple((k, mean, None, None) for k, mean in sorted(points.items())))
        for source, steps in curves.items()
        for step, points in steps.items()
        if step in (min(steps), max(steps)) and len(points) > 1
    )


def plane(rows: Sequence[Row]) -> list[tuple[float, float, float]]:
    """(step, diversity, quality) of the steps that logged both."""
    quality = dict(series(rows, QUALITY))
    return [(step, value, quality[step]) for step, value in series(rows, DIVERSITY) if step in quality]


def time_split(rows: Sequence[Row]) -> dict[str, Points]:
    """Seconds of each part of a step, the longest ones first; what no part accounts for is `other`.

    Parts are verl's `timing_s/<part>`; `timing_s/<part>/<more>` lies within one. They add up to `timing_s/step` plus
    what comes after it (validation). Steps without a total are left out.
    """
    steps = [row for row in rows if STEP in row]
    totals: dict[str, float] = {}
    for row in steps:
        for part in _parts(row):
            totals[part] = totals.get(part, 0.0) + row[f"timing_s/{part}"]
    named = sorted(totals, key=lambda part: -totals[part])[:PARTS]
    split = {part: [(row["step"], row.get(f"timing_s/{part}", 0.0)) for row in steps] for part in named}
    return split | {"other": [(row["step"], _rest(row, named)) for row in steps]} if named else {}


def _parts(row: Row) -> list[str]:
    return [key.split("/")[1] for key in row if key.startswith("timing_s/") and key.count("/") == 1 and key != STEP]


def _rest(row: Row, named: Sequence[str]) -> float:
    after = sum(row[f"timing_s/{part}"] for part in _parts(row) if part in AFTER_STEP)
    return max(0.0, row[STEP] + after - sum(row.get(f"timing_s/{part}", 0.0) for part in named))
