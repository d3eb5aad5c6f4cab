"""`darling plan`: parse, call, print. `darling_plugin/cli.py` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained


def plan(
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="for example train_batch_size=64 n=16 gpus=8 classifier=cascade"),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="the same keys in a YAML file; KEY=VALUE goes before it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    measure: Annotated[bool, typer.Option("--measure", help="Time a classifier here instead of planning.")] = False,
    model: Annotated[str, typer.Option(help="for --measure, as darling.similarity.model names it")] = "default",
    device: Annotated[str, typer.Option(help="for --measure: cpu (one core), cuda …")] = "cpu",
    simulate: Annotated[bool, typer.Option("--simulate", help="Write the numbers of docs/service_plan.md.")] = False,
    out: Annotated[Path, typer.Option(help="for --simulate: the page; its figure goes beside it")] = Path(
        "docs/service_plan.md"
    ),
) -> None:
    """Say how many replicas the judge of your job needs, from a simulation of one training step.

    Keys and their defaults: darling plan help
    """
    with explained():
        if measure:
            _measure(model, device, as_json)
        elif simulate:
            _simulate(out)
        elif settings == ["help"]:
            _keys()
        else:
            _plan(settings or [], config, as_json)


def _plan(settings: list[str], config: Path | None, as_json: bool) -> None:
    import json

    from rich.console import Console

    from darling_plugin.tools.plan.render import page
    from darling_plugin.tools.plan.report import answer
    from darling_plugin.tools.plan.request import parse_request

    request = parse_request(settings, config)
    with Console(stderr=True).status("Simulating …"):
        found = answer(request)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        console = Console()
        for part in page(found):
            console.print(part, highlight=False)


def _measure(model: str, device: str, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from darling_plugin.tools.plan.measure import measure

    found = measure(model, device=device)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False, allow_nan=False))
        return
    typer.echo(f"{found.model}, {found.kind}, reads {found.reads} tokens, on {found.device}")
    typer.echo(f"classifier_tokens_per_second={found.tokens_per_second:.0f}")
    typer.echo(f"({len(found.runs)} runs, {min(found.runs):.0f} to {max(found.runs):.0f})")
    typer.echo(
        f"and {found.verdict_us:.1f} µs for each verdict from what it has read, {found.response_us:.0f} a response"
    )


def _simulate(out: Path) -> None:
    from darling_plugin.tools.plan.document import write
    from darling_plugin.tools.plan.draw import draw
    from darling_plugin.tools.plan.study import study

    found = study(lambda done: typer.echo(done, err=True))
    out.parent.mkdir(parents=True, exist_ok=True)
    write(out, found)
    draw(out.with_suffix(".png"), found)
    typer.echo(f"Page     {out}\nFigure   {out.with_suffix('.png')}")


def _keys() -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from darling_plugin.tools.plan.request import PlanRequest

    table = Table("key", "default", "what it is", show_edge=False, pad_edge=False)
    for name, field in PlanRequest.model_fields.items():
        default = "null" if field.default is None else str(field.default)
        table.add_row(Text(name), Text(default), Text(field.description or ""))
    Console().print(table)
