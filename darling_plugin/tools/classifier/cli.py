"""`darling classifier …`. Each command parses, calls one function and prints; heavy imports are inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darling_plugin.console import explained

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.card import Card

app = typer.Typer(
    help="The learned judge of equivalence: label, train, calibrate, eval, cascade.", no_args_is_help=True
)

PAIRS = "labelled pairs: JSON lines with prompt, generation_0, generation_1, similar, or a dataset on the hub"


@app.command()
def label(
    responses: Annotated[Path, typer.Option(help="JSON lines {prompt, responses}, or a run's darling_samples folder")],
    out: Annotated[Path, typer.Option(help="labelled pairs go there; the same command goes on after a kill")],
    url: Annotated[str, typer.Option(help="an OpenAI-compatible endpoint, such as http://localhost:8000/v1")],
    judge: Annotated[str, typer.Option(help="the model's name at that endpoint")],
    domain: Annotated[str, typer.Option(help="writing | maths: what 'the same' means")] = "writing",
    pairs_per_prompt: Annotated[int, typer.Option(help="at most, drawn at random; 28: all of 8")] = 28,
    concurrency: Annotated[int, typer.Option(help="questions at once")] = 64,
    disagreement: Annotated[str, typer.Option(help="of the two orders: drop | distinct")] = "drop",
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="every pair of each prompt")] = False,
    api_key_env: Annotated[
        str | None,
        typer.Option(help="environment variable with the key; without it, OPENAI_API_KEY goes to api.openai.com only"),
    ] = None,
    timeout_s: Annotated[float, typer.Option(help="seconds until one request is given up and tried again")] = 120,
    deadline_s: Annotated[float, typer.Option(help="seconds of trying until one question is given up")] = 300,
    max_tokens: Annotated[int, typer.Option(help="of one answer, thinking included")] = 1024,
    temperature: Annotated[float, typer.Option(help="of the judge's sampling")] = 0.0,
    seed: Annotated[int, typer.Option(help="of the draw of pairs")] = 0,
) -> None:
    """Label pairs of sampled responses with an LLM judge, asked in both orders."""
    from rich.console import Console
    from rich.table import Table

    from darling_plugin.endpoint.endpoint import Endpoint
    from darling_plugin.tools.classifier.label.run import label as run

    console = Console()
    with explained():
        endpoint = Endpoint(
            url, judge, api_key_env=api_key_env, concurrency=concurrency, timeout_s=timeout_s,
            deadline_s=deadline_s, max_tokens=max_tokens, temperature=temperature, seed=seed,
        )  # fmt: skip
        summary = run(
            responses, out, endpoint, domain, pairs_per_prompt=None if all_pairs else pairs_per_prompt,
            seed=seed, disagreement=disagreement, console=console,
        )  # fmt: skip
    table = Table("", "", show_header=False)
    for part in ("pairs", "tokens", "files"):
        for name, value in summary[part].items():
            table.add_row(f"{part}: {name.replace('_', ' ')}", str(value))
    console.print(table)
    if summary["last_failure"]:  # it can quote model text: no markup
        console.print(f"The last failure: {summary['last_failure']}", markup=False)
    console.print(f"Pairs    {out}\nSummary  {out}.summary.json", highlight=False)


@app.command()
def train(
    pairs: Annotated[str, typer.Option(help=PAIRS)],
    out: Annotated[Path, typer.Option(help="the classifier's folder, made here")],
    kind: Annotated[str, typer.Option(help="bi-encoder: one encoding per response | cross-encoder")] = "bi-encoder",
    base: Annotated[
        str | None, typer.Option(help="a folder or a name on the hub; without it, the packaged MiniLM")
    ] = None,
    epochs: Annotated[float, typer.Option()] = 2.0,
    learning_rate: Annotated[float | None, typer.Option(help="5e-5, or 1e-3 with LoRA")] = None,
    batch_size: Annotated[int, typer.Option(help="pairs in a step")] = 16,
    max_tokens: Annotated[int | None, typer.Option(help="of each response; all that the model can read")] = None,
    lora_rank: Annotated[int, typer.Option(help="0 trains the weights themselves")] = 0,
    adapter_only: Annotated[bool, typer.Option(help="keep only the LoRA adapter, a few MB")] = False,
    train_layers: Annotated[int | None, typer.Option(help="only the topmost so many: less time")] = None,
    wording: Annotated[bool, typer.Option(help="bi-encoder: compare rare words, names and length too")] = True,
    both_orders: Annotated[bool, typer.Option(help="cross-encoder: learn and score (a, b) and (b, a)")] = True,
    class_weights: Annotated[bool, typer.Option(help="as if equivalent and distinct were equally many")] = False,
    validation_share: Annotated[float, typer.Option(help="of the prompts; 0: no early stopping")] = 0.1,
    calibration_share: Annotated[float, typer.Option(help="of the prompts; 0: threshold 0.5")] = 0.15,
    patience: Annotated[int, typer.Option(help="validations without a better AUC before it stops")] = 3,
    seed: Annotated[int, typer.Option()] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="go on with an interrupted training")] = False,
) -> None:
    """Train a classifier on labelled pairs, and calibrate it."""
    from rich.console import Console

    from darling_plugin.similarity.packaged import PACKAGED
    from darling_plugin.tools.classifier.pairs import read_pairs
    from darling_plugin.tools.classifier.recipe import make_recipe
    from darling_plugin.tools.classifier.train import train as run

    with explained():
        recipe = make_recipe(
            kind=kind, base_model=base or PACKAGED, epochs=epochs, learning_rate=learning_rate,
            batch_size=batch_size, max_tokens=max_tokens, lora_rank=lora_rank, adapter_only=adapter_only,
            train_layers=train_layers, wording=wording, both_orders=both_orders, class_weights=class_weights,
            validation_share=validation_share, calibration_share=calibration_share, patience=patience, seed=seed,
        )  # fmt: skip
        done = run(read_pairs(pairs), out, recipe, resume=resume)
    console = Console()
    best = "none" if done.best_auc is None else f"{done.best_auc:.3f}"
    console.print(f"Trained in {done.seconds / 60:.1f} minutes, {done.steps} steps; best validation AUC {best}.")
    console.print(
        f"{done.truncated:.1%} of the responses are longer than the {done.card.max_tokens} tokens it reads of each."
    )
    _print_calibration(done.card)
    console.print(f"Curves     {out}/training/curves.png, {out}/training/tensorboard")
    console.print(f"In training  darling.similarity.name=classifier darling.similarity.model={out}")


@app.command()
def distill(
    teacher: Annotated[str, typer.Option(help="a classifier: default, a folder, or a name; or `embedding`, `lexical`")],
    responses: Annotated[Path, typer.Option(help="JSON lines {prompt, responses}, or a run's darling_samples folder")],
    out: Annotated[Path, typer.Option(help="the bi-encoder's folder, made here")],
    base: Annotated[
        str | None, typer.Option(help="a folder or a name on the hub; without it, the packaged MiniLM")
    ] = None,
    epochs: Annotated[float, typer.Option()] = 4.0,
    learning_rate: Annotated[float | None, typer.Option(help="5e-5, or 1e-3 with LoRA")] = None,
    batch_size: Annotated[int, typer.Option(help="pairs in a step")] = 16,
    max_tokens: Annotated[int | None, typer.Option(help="of each response; all that the model can read")] = None,
    lora_rank: Annotated[int, typer.Option(help="0 trains the weights themselves")] = 0,
    train_layers: Annotated[int | None, typer.Option(help="only the topmost so many: less time")] = None,
    held_share: Annotated[float, typer.Option(help="of the prompts, that agreement is measured on")] = 0.2,
    seed: Annotated[int, typer.Option()] = 0,
    write: Annotated[Path | None, typer.Option("--json", help="write the agreement here")] = None,
) -> None:
    """Train a bi-encoder on another similarity's logits: one encoding per response, not a reading per pair."""
    import json

    from rich.console import Console

    from darling_plugin.similarity import SIMILARITIES, build_similarity
    from darling_plugin.similarity.packaged import PACKAGED
    from darling_plugin.tools.classifier.distill import distill as run
    from darling_plugin.tools.classifier.label.mining import read_groups
    from darling_plugin.tools.classifier.recipe import make_recipe

    with explained():
        recipe = make_recipe(
            base_model=base or PACKAGED, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size,
            max_tokens=max_tokens, lora_rank=lora_rank, train_layers=train_layers, seed=seed,
        )  # fmt: skip
        own = SIMILARITIES.keys() - {"classifier"}
        scorer = build_similarity(teacher) if teacher in own else build_similarity("classifier", model=teacher)
        done = run(scorer, read_groups(responses).responses, out, recipe, held_share=held_share)
    found, console = done.agreement, Console()
    auc = "none" if found.auc is None else f"{found.auc:.3f}"
    console.print(
        f"On {found.prompts} held-out prompts, against the teacher: AUC {auc}, adjusted Rand index of whole groups "
        f"{found.adjusted_rand:.3f}, the same classes in {found.same_classes:.0%} of the groups.\n"
        f"Their classes cost the teacher up to {found.pairs:,} readings of two texts, the bi-encoder {found.texts:,} "
        "of one.",
        highlight=False,
    )
    _print_calibration(done.trained.card)
    console.print(f"In training  darling.similarity.name=classifier darling.similarity.model={out}")
    if write is not None:
        write.write_text(json.dumps(found.as_json(), indent=1) + "\n")


@app.command()
def calibrate(
    model: Annotated[Path, typer.Option(help="the classifier's folder")],
    pairs: Annotated[str, typer.Option(help=PAIRS + "; not those that it was trained on")],
    aim: Annotated[str, typer.Option(help="accuracy | f1 | false_merges | classes")] = "accuracy",
    most: Annotated[float, typer.Option(help="false_merges: the greatest share of distinct pairs")] = 0.05,
) -> None:
    """Choose temperature and threshold for an aim, and store them in the classifier's folder."""
    from darling_plugin.tools.classifier.calibrate import Aim
    from darling_plugin.tools.classifier.calibrate import calibrate as run
    from darling_plugin.tools.classifier.pairs import read_pairs

    with explained():
        card = run(model, read_pairs(pairs), Aim(aim, most))
    _print_calibration(card)


@app.command("eval")
def evaluate(
    pairs: Annotated[str, typer.Option(help=PAIRS)],
    model: Annotated[str, typer.Option(help="default, a folder, or a published checkpoint's name")] = "default",
    folds: Annotated[int, typer.Option(help="cross-validate the model's recipe by prompt; 0 is the model itself")] = 0,
    baselines: Annotated[bool, typer.Option(help="BLEU, ROUGE-1, BERTScore, Jaccard and cosine beside it")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    plot: Annotated[Path | None, typer.Option(help="write the ROC curves there, as PNG")] = None,
    work: Annotated[Path, typer.Option(help="keeps the folds, so that a kill loses none")] = Path("outputs/folds"),
    seed: Annotated[int, typer.Option(help="of the folds")] = 0,
) -> None:
    """Measure a classifier on labelled pairs, beside every cheap alternative."""
    import json

    from rich.console import Console

    from darling_plugin.tools.classifier.cross_validation import cross_validate
    from darling_plugin.tools.classifier.evaluate import evaluate as measure
    from darling_plugin.tools.classifier.pairs import read_pairs
    from darling_plugin.tools.classifier.results import print_table
    from darling_plugin.tools.classifier.roc_plot import draw
    from darling_plugin.tools.classifier.train import recipe_of, train_or_resume

    notes = Console(stderr=True)
    with explained():
        labelled = read_pairs(pairs)
        if folds:
            recipe = recipe_of(model)
            found = cross_validate(
                labelled,
                folds,
                lambda some, folder: train_or_resume(some, folder, recipe),
                recipe=recipe.model_dump(),
                work=work,
                name=f"recipe of {model}",
                seed=seed,
                baselines=baselines,
                progress=lambda line: notes.print(line, markup=False, highlight=False),
            )
        else:
            with notes.status("Loading …") as status:
                found = measure(model, labelled, baselines=baselines, progress=status.update)
    if plot is not None:
        draw(plot, found)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=1, ensure_ascii=False))
    else:
        print_table(Console(), found)
        if plot is not None:
            Console().print(f"ROC curves  {plot}")


@app.command()
def cascade(
    first: Annotated[str, typer.Option(help="the cheap one: default, a bi-encoder's folder")],
    second: Annotated[str, typer.Option(help="the dear one: a pair classifier's folder, or a published name")],
    pairs: Annotated[str, typer.Option(help=f"{PAIRS}; their labels play no part")],
    out: Annotated[Path, typer.Option(help="the cascade's file, which darling.similarity.model then names")],
    most: Annotated[float, typer.Option(help="share that may be wrongly settled, on either side")] = 0.01,
    device: Annotated[str | None, typer.Option(help="as torch names it; an accelerator where there is one")] = None,
) -> None:
    """Join two classifiers: the first settles the clear pairs, the second the doubtful ones."""
    from rich.console import Console

    from darling_plugin.tools.classifier.cascade import make_cascade
    from darling_plugin.tools.classifier.pairs import read_pairs

    console = Console()
    with explained(), console.status("Scoring the pairs with both classifiers …"):
        bounds = make_cascade(first, second, [pair.texts for pair in read_pairs(pairs)], out, most=most, device=device)
    console.print(
        f"Distinct below {bounds.low:.4g}, equivalent above {bounds.high:.4g}: the first settles {bounds.settled:.1%} "
        f"of {bounds.pairs:,} pairs ({bounds.equivalent:.1%} equivalent); {bounds.agreement:.2%} come out as the "
        f"second says.\nIn training  darling.similarity.name=cascade darling.similarity.model={out}",
        highlight=False,
        soft_wrap=True,
    )


def _print_calibration(card: Card) -> None:
    from rich.console import Console
    from rich.table import Table

    if card.calibration is None:
        Console().print("Not calibrated: threshold 0.5.")
        return
    chosen = card.calibration
    rows = {chosen.aim: (card.threshold, chosen.metrics)} | {
        aim: (choice.threshold, choice.metrics) for aim, choice in chosen.others.items()
    }

    def show(title: str, names: list[str]) -> None:
        table = Table(title=title)
        table.add_column("aim", no_wrap=True)
        for name in ("threshold", *names):
            table.add_column(name.replace("_", " "), justify="right")
        for aim, (threshold, metrics) in rows.items():
            table.add_row(aim, f"{threshold:.3f}", *(f"{metrics[name]:.3f}" for name in names))
        Console().print(table)

    show(
        f"Aim {chosen.aim}: threshold {card.threshold:.3f}, on {chosen.pairs:,} pairs of its own",
        ["accuracy", "f1", "false_merges", "missed"],
    )
    if "groups" in chosen.metrics:
        show(
            f"Classes of {chosen.metrics['groups']:.0f} whole groups, means",
            ["classes", "classes_labelled", "class_count_error", "adjusted_rand"],
        )
