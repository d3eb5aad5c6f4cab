"""`darling plan`: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darling_plugin.console import explained, print_json, terminal


def plan(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Settings of the job, such as n=16 gpus=8. `darling plan help` lists them."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A YAML file with the same keys. KEY=VALUE on the command line takes precedence."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Instead, measure the speed of a classifier on this machine.")
    ] = False,
    model: Annotated[
        str, typer.Option(help="For --measure: the classifier, as darling.similarity.model names it.")
    ] = "default",
    device: Annotated[str, typer.Option(help="For --measure: cpu (one core) or a GPU, such as cuda.")] = "cpu",
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Instead, write the page docs/service_plan.md and its figure.")
    ] = False,
    out: Annotated[
        Path, typer.Option(help="For --simulate: where to write the page. The figure is written beside it.")
    ] = Path("docs/service_plan.md"),
) -> None:
    """Say how many replicas the classifier of a job needs, from a simulation of one training step.

    `darling plan help` lists the keys and their defaults.

    Example: darling plan train_batch_size=64 n=16 gpus=8 classifier=cascade
    """
    from darling_plugin.errors import ConfigError

    with explained():
        if measure:
            _measure(model, device, as_json)
        elif simulate:
            if settings or config or as_json:
                raise ConfigError("--simulate takes --out only; remove the settings, --config and --json")
            _simulate(out)
        elif settings == ["help"]:
            _keys()
        else:
            _plan(settings or [], config, as_json)


def _plan(settings: list[str], config: Path | None, as_json: bool) -> None:

    from darling_plugin.tools.plan.render import page
    from darling_plugin.tools.plan.report import answer
    from darling_plugin.tools.plan.request import parse_request

    request = parse_request(settings, config)
    with terminal(stderr=True).status("Simulating …"):
        found = answer(request)
    if as_json:
        print_json(found.as_json())
    else:
        console = terminal()
        for part in page(found):
            console.print(part, highlight=False)


def _measure(model: str, device: str, as_json: bool) -> None:
    from dataclasses import asdict

    from darling_plugin.tools.plan.measure import measure

    found = measure(model, device=device)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(f"{found.model}, {found.kind}, reads {found.reads} tokens, on {found.device}")
    typer.echo(f"classifier_tokens_per_second={found.tokens_per_second:.0f}")
    typer.echo(f"({len(found.runs)} runs, {min(found.runs):.0f} to {max(found.runs):.0f})")
    typer.echo(f"plus {found.verdict_us:.1f} µs per pair and {found.response_us:.0f} µs per response that it has read")


def _simulate(out: Path) -> None:
    from darling_plugin.tools.outputs import prepare_file
    from darling_plugin.tools.plan.document import write
    from darling_plugin.tools.plan.draw import draw
    from darling_plugin.tools.plan.study import study

    for file in (out, out.with_suffix(".png")):
        prepare_file("--out", file)
    found = study(lambda done: typer.echo(done, err=True))
    write(out, found)
    draw(out.with_suffix(".png"), found)
    typer.echo(f"Page     {out}\nFigure   {out.with_suffix('.png')}")


def _keys() -> None:
    from rich.table import Table
    from rich.text import Text

    from darling_plugin.tools.plan.request import PlanRequest

    table = Table("key", "default", "what it is", show_edge=False, pad_edge=False)
    for name, field in PlanRequest.model_fields.items():
        default = "null" if field.default is None else str(field.default)
        table.add_row(Text(name), Text(default), Text(field.description or ""))
    terminal().print(table)
