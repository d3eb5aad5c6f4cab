"""The numbers of docs/service_plan.md, as Markdown between two marks of the page; the words around them are by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from darling_plugin.errors import InputError
from darling_plugin.tools.plan.machines import Training, all_assumptions
from darling_plugin.tools.plan.results import Spread, spread
from darling_plugin.tools.plan.study import CLUSTERS, DOUBTFUL, SHAPES, Cell, Need, Shape, Study, systems

BEGIN, END = "<!-- darling plan --simulate: begin -->", "<!-- darling plan --simulate: end -->"


def write(path: Path, study: Study) -> None:
    """Put the numbers between the marks; a page that is not there is made of them alone.

    Raises `InputError` for a page without the marks, once each and in order.
    """
    numbers = f"{BEGIN}\n\n{markdown(study)}\n{END}"
    if not path.exists():
        path.write_text(numbers + "\n", encoding="utf-8", newline="\n")
        return
    page = path.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise InputError(f"{path} must hold the lines {BEGIN} and {END}, once each: the numbers go between them")
    path.write_text(before + numbers + after, encoding="utf-8", newline="\n")


def markdown(study: Study) -> str:
    """For each job: work, waiting, replicas; then the assumptions."""
    parts = []
    for shape in SHAPES:
        cells = [cell for cell in study.cells if cell.shape is shape]
        needs = [need for need in study.needs if need.shape is shape]
        parts += [_heading(shape), _work(cells), _waiting(cells), _needs(needs)]
    return "\n".join([*parts, _assumptions()])


def _heading(shape: Shape) -> str:
    job = shape.job
    return (
        f"### {shape.name}: {job.prompts} prompts × {job.responses} responses of up to {job.most_tokens:,} tokens\n\n"
        f"Medians over {shape.seeds} seeds, least and most in brackets where they differ.\n"
    )


def _work(cells: Sequence[Cell]) -> str:
    """What is asked hardly depends on the cluster: the middle one's."""
    rows = []
    for cell in cells:
        if cell.gpus != CLUSTERS[1]:
            continue
        measures = cell.row.measures
        passes = ", ".join(f"{count:,} × {name}" for name, count in cell.row.passes.items())
        seconds = _plain(measures["gpu_seconds"], 0) if measures["gpu_seconds"].high else "0 (on cores)"
        rows.append([*_who(cell), passes, _plain(measures["tokens"], 1, 1e6), seconds])
    head = ["system", "groups", "forward passes of a step", "M tokens", "GPU-seconds"]
    return _table(head, rows, right=2)


def _waiting(cells: Sequence[Cell]) -> str:
    head = ["system", "groups"]
    for gpus in CLUSTERS:
        step = next(cell for cell in cells if cell.gpus == gpus).row.measures["step"].median
        head += [f"{gpus} GPUs ({step:,.0f} s): hidden", "wait, s", "overhead"]
    rows = []
    for cell in (cell for cell in cells if cell.gpus == CLUSTERS[0]):
        row = _who(cell)
        for gpus in CLUSTERS:
            own = next(
                other
                for other in cells
                if (other.gpus, other.system.letter, other.composition) == (gpus, cell.system.letter, cell.composition)
            ).row.measures
            row += [f"{own['hidden'].median:.0%}", _plain(own["wait"], 1), _percent(own["overhead"])]
        rows.append(row)
    return _table(head, rows, right=3 * len(CLUSTERS))


def _needs(needs: Sequence[Need]) -> str:
    head = ["replicas that keep the wait within 1 %, all distinct", *(f"{gpus} GPUs" for gpus in CLUSTERS)]
    rows = []
    for letter in dict.fromkeys(need.system.letter for need in needs):
        own = [need for need in needs if need.system.letter == letter]
        rows.append([f"({letter[0]}) {own[0].sized.setup.name}", *(_need(need) for need in own)])
    return _table(head, rows, right=len(CLUSTERS))


def _need(need: Need) -> str:
    overhead = spread(need.sized.outcomes, "overhead").median
    setup = need.sized.setup
    unit = ("GPU" if setup.gpus else "core") + ("s" if setup.replicas > 1 else "")
    return f"{setup.replicas:,} {unit} ({overhead:.1%}{'' if need.sized.enough else ', never within'})"


def _assumptions() -> str:
    classifiers = [each for system in systems() for each in system.setup_of(1).classifiers]
    rows = [
        [each.of, each.name, each.shown, each.unit, each.source] for each in all_assumptions(Training(), classifiers)
    ]
    job = SHAPES[0].job
    rows += [
        ["responses", "median_tokens", f"{job.median_tokens:,.0f}", "tokens, lognormal", "assumed"],
        ["responses", "sigma", f"{job.sigma:g}", "of the logarithm", "assumed"],
        ["cascade", "doubtful", f"{DOUBTFUL:g}", "of the pairs", "assumed"],
    ]
    return "### Assumptions\n\n" + _table(["of", "field", "value", "unit", "source"], rows, right=0)


def _who(cell: Cell) -> list[str]:
    setup = cell.system.setup_of(cell.system.replicas)
    place = f"{setup.gpus} GPU{'s' if setup.gpus > 1 else ''}" if setup.gpus else f"{setup.replicas} cores"
    return [f"({cell.system.letter[0]}) {setup.name}; {place}", cell.composition or "any"]


def _plain(value: Spread, digits: int, unit: float = 1) -> str:
    low, middle, high = (f"{each / unit:,.{digits}f}" for each in (value.low, value.median, value.high))
    return middle if low == middle == high else f"{middle} ({low}–{high})"


def _percent(value: Spread) -> str:
    low, middle, high = (f"{each:,.1%}" for each in (value.low, value.median, value.high))
    return middle if low == middle == high else f"{middle} ({low}–{high})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: int) -> str:
    """A Markdown table whose last `right` columns are numbers."""
    line = ["---"] * (len(head) - right) + ["---:"] * right
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, line, *rows))
