"""`darling classifier …`. Each command parses, calls one function and prints; heavy imports are inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darling_plugin.console import explained, print_json, terminal

if TYPE_CHECKING:
    from darling_plugin.similarity.classifier.card import Card

app = typer.Typer(
    help="The classifier of semantic equivalence: label pairs, train, calibrate, evaluate, combine.",
    no_args_is_help=True,
)

PAIRS = "Labeled pairs: JSON lines with prompt, generation_0, generation_1, similar; or a dataset on the hub"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


KEY_HELP = (
    "Name of the environment variable that holds the API key. Without it, OPENAI_API_KEY is sent only to "
    "api.openai.com."
)


@app.command()
def label(
    responses: Annotated[Path, typer.Option(help="JSON lines {prompt, responses}, or a run's darling_samples folder.")],
    out: Annotated[
        Path, typer.Option(help="Where to write the labeled pairs. The same command resumes after an interruption.")
    ],
    url: Annotated[str, typer.Option(help="An OpenAI-compatible endpoint, such as http://localhost:8000/v1.")],
    judge: Annotated[str, typer.Option(help="The model's name at that endpoint.")],
    domain: Annotated[
        str, typer.Option(help="writing | math | code | answers: which definition of equivalence to use.")
    ] = "writing",
    pairs_per_prompt: Annotated[
        int, typer.Option(help="Maximum pairs per prompt, drawn at random. 8 responses have 28.")
    ] = 28,
    concurrency: Annotated[int, typer.Option(help="Number of concurrent requests.")] = 64,
    disagreement: Annotated[
        str, typer.Option(help="A pair whose two orders get different answers: drop | distinct.")
    ] = "drop",
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="Label every pair of each prompt.")] = False,
    api_key_env: Annotated[str | None, typer.Option(help=KEY_HELP)] = None,
    timeout_s: Annotated[float, typer.Option(help="Seconds until a request is abandoned and retried.")] = 120,
    deadline_s: Annotated[float, typer.Option(help="Seconds of retries until a question is abandoned.")] = 300,
    max_tokens: Annotated[int, typer.Option(help="Maximum tokens of an answer, including its reasoning.")] = 1024,
    temperature: Annotated[float, typer.Option(help="Sampling temperature of the judge.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Random seed of the choice of pairs.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Label pairs of sampled responses with an LLM judge, in both orders.

    Example: darling classifier label --responses groups.jsonl --out pairs.jsonl --url http://localhost:8000/v1
    --judge my-judge
    """
    from rich.table import Table

    from darling_plugin.endpoint.endpoint import Endpoint
    from darling_plugin.tools.classifier.label.run import label as run

    console = terminal()
    with explained():
        endpoint = Endpoint(
            url, judge, api_key_env=api_key_env, concurrency=concurrency, timeout_s=timeout_s,
            deadline_s=deadline_s, max_tokens=max_tokens, temperature=temperature, seed=seed,
        )  # fmt: skip
        summary = run(
            responses, out, endpoint, domain, pairs_per_prompt=None if all_pairs else pairs_per_prompt,
            seed=seed, disagreement=disagreement, console=console,
        )  # fmt: skip
    if as_json:
        print_json(summary)
        return
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
    out: Annotated[Path, typer.Option(help="A new folder for the classifier.")],
    kind: Annotated[
        str, typer.Option(help="bi-encoder (encodes each response once) | cross-encoder (reads each pair).")
    ] = "bi-encoder",
    base: Annotated[
        str | None, typer.Option(help="Base model: a folder or a name on the hub. The default is the packaged MiniLM.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the pairs.")] = 2.0,
    learning_rate: Annotated[
        float | None, typer.Option(help="Learning rate. The default is 5e-5, or 1e-3 with LoRA.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Pairs per step.")] = 16,
    max_tokens: Annotated[
        int | None, typer.Option(help="Maximum tokens of a response. The default is the model's own limit.")
    ] = None,
    lora_rank: Annotated[int, typer.Option(help="Rank of a LoRA adapter. 0 trains all weights.")] = 0,
    adapter_only: Annotated[bool, typer.Option(help="Save only the LoRA adapter, a few MB.")] = False,
    train_layers: Annotated[
        int | None, typer.Option(help="Train only this many of the last layers. The default is all of them.")
    ] = None,
    wording: Annotated[bool, typer.Option(help="bi-encoder: also compare rare words, names and lengths.")] = True,
    both_orders: Annotated[bool, typer.Option(help="cross-encoder: train on and score both (a, b) and (b, a).")] = True,
    class_weights: Annotated[bool, typer.Option(help="Weigh pairs as if half of them were equivalent.")] = False,
    validation_share: Annotated[
        float, typer.Option(help="Share of the prompts for validation. 0 turns early stopping off.")
    ] = 0.1,
    calibration_share: Annotated[
        float, typer.Option(help="Share of the prompts for calibration. 0 keeps the threshold 0.5.")
    ] = 0.15,
    patience: Annotated[int, typer.Option(help="Stop after this many validations without a better AUC.")] = 3,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted training.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a classifier on labeled pairs, and calibrate it.

    Example: darling classifier train --pairs pairs.jsonl --out my_classifier
    """

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
    if as_json:
        found = {"model": str(out), "seconds": done.seconds, "steps": done.steps, "validation_auc": done.best_auc}
        print_json(found | {"truncated": done.truncated, "threshold": done.card.threshold})
        return
    console = terminal()
    best = "none" if done.best_auc is None else f"{done.best_auc:.3f}"
    console.print(f"Trained in {done.seconds / 60:.1f} minutes, {done.steps} steps; best validation AUC {best}.")
    console.print(
        f"{done.truncated:.1%} of the responses are longer than the {done.card.max_tokens} tokens that it reads."
    )
    _print_calibration(done.card)
    console.print(f"Curves     {out}/training/curves.png, {out}/training/tensorboard")
    console.print(f"In training  {_in_training('classifier', out)}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def distill(
    teacher: Annotated[
        str, typer.Option(help="A classifier (default, a folder or a name on the hub), embedding, or lexical.")
    ],
    responses: Annotated[Path, typer.Option(help="JSON lines {prompt, responses}, or a run's darling_samples folder.")],
    out: Annotated[Path, typer.Option(help="A new folder for the bi-encoder.")],
    base: Annotated[
        str | None, typer.Option(help="Base model: a folder or a name on the hub. The default is the packaged MiniLM.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the pairs.")] = 4.0,
    learning_rate: Annotated[
        float | None, typer.Option(help="Learning rate. The default is 5e-5, or 1e-3 with LoRA.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Pairs per step.")] = 16,
    max_tokens: Annotated[
        int | None, typer.Option(help="Maximum tokens of a response. The default is the model's own limit.")
    ] = None,
    lora_rank: Annotated[int, typer.Option(help="Rank of a LoRA adapter. 0 trains all weights.")] = 0,
    train_layers: Annotated[
        int | None, typer.Option(help="Train only this many of the last layers. The default is all of them.")
    ] = None,
    held_share: Annotated[
        float, typer.Option(help="Share of the prompts held out to measure agreement with the teacher.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a bi-encoder on another similarity's logits: one encoding per response instead of one pass per pair.

    Example: darling classifier distill --teacher my_cross_encoder --responses groups.jsonl --out my_bi_encoder
    """
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
    found, console = done.agreement, terminal()
    if as_json:
        print_json(found.as_json())
        return
    auc = "none" if found.auc is None else f"{found.auc:.3f}"
    console.print(
        f"On {found.prompts} held-out prompts, against the teacher: AUC {auc}, adjusted Rand index of whole groups "
        f"{found.adjusted_rand:.3f}, the same classes in {found.same_classes:.0%} of the groups.\n"
        f"To find their classes, the teacher reads up to {found.pairs:,} pairs of texts, the bi-encoder "
        f"{found.texts:,} texts.",
        highlight=False,
    )
    _print_calibration(done.trained.card)
    console.print(f"In training  {_in_training('classifier', out)}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def calibrate(
    model: Annotated[Path, typer.Option(help="The classifier's folder.")],
    pairs: Annotated[str, typer.Option(help=PAIRS + ". Use pairs that it was not trained on.")],
    aim: Annotated[str, typer.Option(help="What to optimize: accuracy | f1 | false_merges | classes.")] = "accuracy",
    most: Annotated[
        float, typer.Option(help="For false_merges: the maximum share of distinct pairs that may be merged.")
    ] = 0.05,
    as_json: AsJson = False,
) -> None:
    """Choose temperature and threshold, and store them in the classifier's folder.

    Example: darling classifier calibrate --model my_classifier --pairs held_out.jsonl --aim f1
    """
    from darling_plugin.tools.classifier.calibrate import Aim
    from darling_plugin.tools.classifier.calibrate import calibrate as run
    from darling_plugin.tools.classifier.pairs import read_pairs

    with explained():
        card = run(model, read_pairs(pairs), Aim(aim, most))
    if as_json:
        chosen = card.calibration
        found = {"model": str(model), "threshold": card.threshold, "temperature": card.temperature}
        print_json(found | {"calibration": None if chosen is None else chosen.model_dump()})
    else:
        _print_calibration(card)


@app.command("eval")
def evaluate(
    pairs: Annotated[str, typer.Option(help=PAIRS)],
    model: Annotated[str, typer.Option(help="default, a folder, or the name of a published checkpoint.")] = "default",
    folds: Annotated[
        int,
        typer.Option(
            help="Cross-validate the model's training recipe in this many folds, by prompt. 0 measures the model."
        ),
    ] = 0,
    baselines: Annotated[
        bool, typer.Option(help="Also measure BLEU, ROUGE-1, BERTScore, Jaccard and cosine similarity.")
    ] = True,
    as_json: AsJson = False,
    plot: Annotated[Path | None, typer.Option(help="Write the ROC curves to this PNG file.")] = None,
    work: Annotated[
        Path, typer.Option(help="Folder for finished folds, so that an interrupted run can resume.")
    ] = Path("outputs/folds"),
    seed: Annotated[int, typer.Option(help="Random seed of the folds.")] = 0,
) -> None:
    """Measure a classifier on labeled pairs, and compare it with cheap alternatives.

    Example: darling classifier eval --pairs held_out.jsonl --model default --plot roc.png
    """

    from darling_plugin.tools.classifier.cross_validation import cross_validate
    from darling_plugin.tools.classifier.evaluate import evaluate as measure
    from darling_plugin.tools.classifier.pairs import read_pairs
    from darling_plugin.tools.classifier.results import print_table
    from darling_plugin.tools.classifier.roc_plot import draw
    from darling_plugin.tools.classifier.train import recipe_of, train_or_resume
    from darling_plugin.tools.outputs import prepare_file

    notes = terminal(stderr=True)
    with explained():
        if plot is not None:
            prepare_file("--plot", plot, [pairs, model])
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
        print_json(found.as_json())
    else:
        print_table(terminal(), found)
        if plot is not None:
            terminal().print(f"ROC curves  {plot}")


@app.command()
def cascade(
    first: Annotated[str, typer.Option(help="The cheap classifier: default, or a bi-encoder's folder.")],
    second: Annotated[
        str, typer.Option(help="The expensive classifier: a cross-encoder's folder, or a published name.")
    ],
    pairs: Annotated[str, typer.Option(help=f"{PAIRS}. Their labels are not used.")],
    out: Annotated[Path, typer.Option(help="Where to write the cascade's file, for darling.similarity.model.")],
    most: Annotated[
        float, typer.Option(help="Maximum share of pairs that the first classifier may decide wrongly, on each side.")
    ] = 0.01,
    device: Annotated[
        str | None, typer.Option(help="Device, as torch names it. The default is an accelerator if there is one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Combine two classifiers: the first decides the confident pairs, the second decides the rest.

    Example: darling classifier cascade --first default --second my_cross_encoder --pairs pairs.jsonl --out cascade.json
    """

    from dataclasses import asdict

    from darling_plugin.tools.classifier.cascade import make_cascade
    from darling_plugin.tools.classifier.pairs import read_pairs
    from darling_plugin.tools.outputs import prepare_file

    console = terminal()
    with explained(), console.status("Scoring the pairs with both classifiers …"):
        prepare_file("--out", out, [pairs, first, second])
        bounds = make_cascade(first, second, [pair.texts for pair in read_pairs(pairs)], out, most=most, device=device)
    if as_json:
        print_json({"cascade": str(out)} | asdict(bounds))
        return
    console.print(
        f"Distinct below {bounds.low:.4g}, equivalent above {bounds.high:.4g}: the first decides {bounds.settled:.1%} "
        f"of {bounds.pairs:,} pairs ({bounds.equivalent:.1%} equivalent); {bounds.agreement:.2%} agree with the second."
        f"\nIn training  {_in_training('cascade', out)}",
        highlight=False,
        soft_wrap=True,
    )


def _in_training(similarity: str, model: Path) -> str:
    from darling_plugin.tools.overrides import as_overrides

    return " ".join(as_overrides({"darling.similarity.name": similarity, "darling.similarity.model": model}))


def _print_calibration(card: Card) -> None:
    from rich.table import Table

    if card.calibration is None:
        terminal().print("Not calibrated: threshold 0.5.")
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
        terminal().print(table)

    show(
        f"Aim {chosen.aim}: threshold {card.threshold:.3f}, on {chosen.pairs:,} calibration pairs",
        ["accuracy", "f1", "false_merges", "missed"],
    )
    if "groups" in chosen.metrics:
        show(
            f"Means over {chosen.metrics['groups']:.0f} whole groups",
            ["classes", "classes_labelled", "class_count_error", "adjusted_rand"],
        )
