"""`darling plan` as a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from darling_plugin.tools.overrides import as_overrides
from darling_plugin.tools.plan.advise import AFFORDABLE, affordable
from darling_plugin.tools.plan.report import Answer
from darling_plugin.tools.plan.results import Spread, spread

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def page(answer: Answer) -> list[RenderableType]:
    """The step, what each composition costs, what the candidates need, the advice, and all assumptions."""
    from rich.text import Text

    request, advice = answer.request, answer.advice
    text = f"{request.train_batch_size} prompts × {request.n} responses of up to {request.response_length:,} tokens"
    # Text, not str: its brackets are not markup
    return [
        Text(f"{text}, {request.gpus} × {request.training().gpu.name}", style="bold"),
        _costs(answer),
        _candidates(answer),
        Text(f"Advice: {advice.reason}.", style="bold"),
        *(Text(f"    {setting}") for setting in settings(answer)),
        _assumptions(answer),
        Text("This is a simulation from these assumptions, not a measurement of your job. See docs/service_plan.md."),
    ]


def settings(answer: Answer) -> list[str]:
    """The advice as overrides of Hydra's."""
    advice = answer.advice
    found: dict[str, object] = {"darling.service.backend": advice.backend, "darling.service.replicas": advice.replicas}
    if advice.backend == "ray":
        found["darling.service.placement"] = "dedicated" if advice.gpus_per_replica else "cpu"
    found["darling.diversity.partition"] = "exact"
    if advice.strategy == "cascade":
        found["darling.similarity.name"] = "cascade"
    return as_overrides(found)


def _costs(answer: Answer) -> Table:
    from rich.table import Table

    plural = "s" if answer.setup.replicas > 1 else ""
    title = f"{answer.setup.name}, {answer.setup.replicas} replica{plural}: median (least–most) of {_seeds(answer)}"
    table = Table(title=title, title_justify="left")
    table.add_column("per step, when the groups are")
    for row in answer.rows:
        table.add_column(row.composition, justify="right")
    for name in answer.rows[0].passes:
        what = "pairs" if "cross" in name else "encodings"
        table.add_row(f"{what}, {name}", *(f"{row.passes[name]:,}" for row in answer.rows))
    table.add_row("pairs of an exact pair classifier", *(f"{row.exact_verdicts:,}" for row in answer.rows))
    for label, measure, show in (
        ("tokens read", "tokens", _millions),
        ("replica-seconds", "replica_seconds", _plain),
        ("GPU-seconds", "gpu_seconds", _plain),
        ("hidden", "hidden", _percent),
        ("trainer's wait, s", "wait", _plain),
        ("overhead: wait / step", "overhead", _percent),
        ("cost: wait, and GPUs of replicas", "cost", _percent),
        ("step without diversity, s", "step", _plain),
    ):
        table.add_row(label, *(show(row.measures[measure]) for row in answer.rows))
    return table


def _candidates(answer: Answer) -> Table:
    from rich.table import Table

    table = Table(
        title="Replicas for a wait of at most 1 % of the step, when all responses are distinct", title_justify="left"
    )
    for name in ("system", "replicas", "GPUs", "overhead", f"within {AFFORDABLE:.1%} of the GPUs, or one"):
        table.add_column(name, justify="left" if name == "system" else "right")
    for each in answer.candidates:
        need = f"{each.setup.replicas:,}" + ("" if each.enough else " (never)")
        held = "yes" if affordable(each, answer.request.training()) else "no"
        table.add_row(each.setup.name, need, f"{each.setup.gpus:,}", _percent(spread(each.outcomes, "overhead")), held)
    return table


def _assumptions(answer: Answer) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Assumptions", title_justify="left", show_edge=False, pad_edge=False, style="dim")
    for name in ("of", "name", "value", "unit", "source"):
        table.add_column(name, justify="right" if name == "value" else "left")
    for each in answer.assumptions():
        table.add_row(*(Text(cell) for cell in (each.of, each.name, each.shown, each.unit, each.source)))
    return table


def _seeds(answer: Answer) -> str:
    seeds = answer.request.seeds
    return f"{seeds} steps" if seeds > 1 else "one step"


def _range(low: str, middle: str, high: str) -> str:
    return middle if low == middle == high else f"{middle} ({low}–{high})"


def _plain(value: Spread) -> str:
    return _range(*(f"{each:,.1f}" for each in (value.low, value.median, value.high)))


def _millions(value: Spread) -> str:
    return _range(*(f"{each / 1e6:,.1f} M" for each in (value.low, value.median, value.high)))


def _percent(value: Spread) -> str:
    return _range(*(f"{each:,.1%}" for each in (value.low, value.median, value.high)))
