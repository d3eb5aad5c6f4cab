"""Summaries and comparisons as tables for a terminal. Names and texts in them are no markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from darling_plugin.tools.evaluation.compare import Comparison
from darling_plugin.tools.evaluation.stage import Outcome
from darling_plugin.tools.evaluation.standings import Standing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PARTS_SHOWN = ("pass@1", "score", "distinct_", "utility_", "win rate")


def print_summary(console: Console, summary: Mapping[str, Any]) -> None:
    each = "one sample" if summary["samples"] == 1 else f"{summary['samples']} samples"
    title = f"{summary['task']}: {summary['prompts']} prompts, {each} each"
    _metrics(console, title, summary["metrics"])
    if summary["judge"]:
        _metrics(console, "The judge; a judge without a position bias has 0.5 and 1", summary["judge"])
    if summary["parts"]:
        _parts(console, summary["parts"], summary["samples"])
    lacking = {stage: found for stage, found in summary["missing"].items() if found["missing"]}
    for stage, found in lacking.items():
        said = f"Missing in {stage}: {found['missing']:,} of {found['items']:,} ({found['share']:.1%})"
        console.print(said, markup=False, highlight=False)


def print_failures(console: Console, stages: list[Outcome]) -> None:
    for outcome in stages:
        for kind, count in sorted(outcome.failures.items()):
            console.print(f"Failed in {outcome.stage}: {count:,} ({kind})", markup=False, highlight=False)
        if outcome.last_failure:
            console.print(f"  the last: {outcome.last_failure:.300}", markup=False, highlight=False)


def print_comparison(console: Console, found: Comparison) -> None:
    table = _table(console, f"{found.prompts} prompts: {found.before} → {found.after}")
    table.add_column("metric", no_wrap=True)
    for name in ("before", "after", "change", "95 % interval", "p", "up/down"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in found.metrics.items():
        table.add_row(
            name, _number(one.before), _number(one.after), f"{one.difference:+.3f}", _interval(one.low, one.high),
            f"{one.p_value:.4f}", f"{one.better}/{one.worse}",
        )  # fmt: skip
    console.print(table)
    console.print(
        f"{len(found.metrics)} metrics were tested: about one in twenty has p < 0.05 by chance.", highlight=False
    )
    if found.only_before or found.only_after:
        console.print(
            f"Left out: {found.only_before} prompts that only the first has, {found.only_after} only the second."
        )
    for name, before, after in found.other_settings:
        console.print(f"Different setting: {name}, {before!r} and {after!r}", markup=False, highlight=False)


def print_standings(console: Console, found: list[Standing]) -> None:
    from rich.text import Text

    prompts = max(one.rating.problems for one in found)
    table = _table(console, f"{len(found)} models, {prompts} prompts: Bradley-Terry ratings on the scale of Elo")
    table.add_column("model")
    for name in ("rating", "95 % interval", "votes", "verdicts missing"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        low, high = one.rating.low, one.rating.high
        bounds = "" if low is None or high is None else f"{low:.0f} … {high:.0f}"
        missing = "" if one.missing is None else f"{one.missing:.1%}"
        table.add_row(Text(one.name), f"{one.rating.mean:.0f}", bounds, f"{one.votes:,}", missing)
    console.print(table)


def _metrics(console: Console, title: str, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    table = _table(console, title)
    table.add_column("metric", no_wrap=True)
    for name in ("mean", "95 % interval", "prompts"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in metrics.items():
        table.add_row(name, _number(one["mean"]), _interval(one["low"], one["high"]), str(one["problems"]))
    console.print(table)


def _parts(console: Console, parts: Mapping[str, Mapping[str, Any]], samples: int) -> None:
    shown = [
        name
        for name in dict.fromkeys(name for own in parts.values() for name in own)
        if name.startswith(PARTS_SHOWN) or name == f"pass@{samples}"
    ]
    if not shown:
        return
    from rich.text import Text

    table = _table(console, "By part")
    table.add_column("part", no_wrap=True)
    for name in shown:
        table.add_column(name, justify="right")
    for part, own in parts.items():
        table.add_row(Text(part or "(none)"), *(_number(own[name]["mean"]) if name in own else "" for name in shown))
    console.print(table)


def _table(console: Console, title: str) -> Table:
    """A table below its title, which is no part of it: there it would be broken to the table's width."""
    from rich import box
    from rich.table import Table

    console.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)  # a comparison has to fit 80 columns


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{_number(low)} … {_number(high)}"
