"""What a run's summary.json says of the policy before and after training.

    {"title": …, "details": {…}, "before": {…}, "after": {…}}

`before` and `after` hold "pass@1", "pass@k" with "k", "distinct_correct" (expected number of different right answers
among k) and "cov@k" (the same among k right ones), and their standard errors under "standard_error". Where they hold
"pass_at_k_curve", a list of {"k", "mean", "low", "high"}, that is the curve of pass@k against k; otherwise its two
points are pass@1 and pass@k, ± one standard error. Other fields are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from darling_plugin.errors import InputError
from darling_plugin.json_lines import finite, read_document
from darling_plugin.tools.report.runs import Estimate, Outcome, PassAtK

SUMMARY = "summary.json"
WHEN = ("before", "after")
# name in the file, name of its standard error, what the page calls it
MEASURES = (
    ("pass@1", "pass_at_1", "pass@1"),
    ("pass@k", "pass_at_k", "pass@{k}"),
    ("distinct_correct", "distinct_correct", "right classes@{k}"),
    ("cov@k", "cov_at_k", "cov@{k}"),
)


class Summary(NamedTuple):
    """The parts of a summary that the page shows; all empty where there is no file."""

    title: str
    details: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]
    pass_at_k: tuple[PassAtK, ...]


def read_summary(folder: Path) -> Summary:
    """Read `folder`/summary.json. Raises `InputError` where it is not one JSON object."""
    path = folder / SUMMARY
    if not path.exists():
        return Summary("", {}, (), ())
    found = read_document(path, "the summary of a run")
    if not isinstance(found, dict):
        raise InputError(f"{path}: got {type(found).__name__}, expected a JSON object.")
    policies = {when: found[when] for when in WHEN if isinstance(found.get(when), dict)}
    details = found.get("details")
    return Summary(
        title=str(found.get("title") or ""),
        details={name: value for name, value in details.items() if _plain(value)} if isinstance(details, dict) else {},
        outcomes=tuple(_outcomes(policies)),
        pass_at_k=tuple(each for when, policy in policies.items() if (each := _curve(when, policy)) is not None),
    )


def _plain(value: Any) -> bool:
    return isinstance(value, str | bool) or finite(value) is not None


def _outcomes(policies: Mapping[str, Mapping[str, Any]]) -> list[Outcome]:
    outcomes = []
    for field, error, name in MEASURES:
        estimates = {when: _estimate(policy, field, error) for when, policy in policies.items()}
        ks = {policy["k"] for policy in policies.values() if isinstance(policy.get("k"), int)}
        if any(estimates.values()) and ("{k}" not in name or len(ks) == 1):  # of two k's nothing can be compared
            label = name.format(k=next(iter(ks), ""))
            outcomes.append(Outcome(label, estimates.get("before"), estimates.get("after")))
    return outcomes


def _estimate(policy: Mapping[str, Any], field: str, error: str) -> Estimate | None:
    mean, errors = finite(policy.get(field)), policy.get("standard_error")
    if mean is None:
        return None
    return Estimate(mean, finite(errors.get(error)) if isinstance(errors, dict) else None)


def _curve(when: str, policy: Mapping[str, Any]) -> PassAtK | None:
    points = [_point(when, point) for point in policy.get("pass_at_k_curve") or []]
    if not points:
        for k, field, error in ((1, "pass@1", "pass_at_1"), (policy.get("k"), "pass@k", "pass_at_k")):
            found = _estimate(policy, field, error)
            if found is not None and isinstance(k, int):
                width = found.error
                low, high = (None, None) if width is None else (found.mean - width, found.mean + width)
                points.append((k, found.mean, low, high))
    return PassAtK(when, tuple(sorted(points))) if len(points) > 1 else None


def _point(when: str, point: Any) -> tuple[int, float, float | None, float | None]:
    fields = point if isinstance(point, dict) else {}
    k, mean = fields.get("k"), finite(fields.get("mean"))
    if not isinstance(k, int) or k < 1 or mean is None:
        form = '{"k": 4, "mean": 0.5, "low": 0.4, "high": 0.6}'
        raise InputError(f"{SUMMARY}, {when}, pass_at_k_curve: got {point!r}, expected {form}.")
    return k, mean, finite(fields.get("low")), finite(fields.get("high"))
