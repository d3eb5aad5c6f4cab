"""`darling data …`. Each command parses, calls one function and prints; heavy imports are inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from darling_plugin.console import explained, terminal

app = typer.Typer(help="The recipes' data: prepare it, and check that it is what was prepared.", no_args_is_help=True)
prepare_app = typer.Typer(
    help="Make a recipe's parquet files: filtered, decontaminated, sampled, with a manifest.", no_args_is_help=True
)
app.add_typer(prepare_app, name="prepare")

From = Annotated[
    Path | None,
    typer.Option("--from", help="folder with the sources, <name>.jsonl|.json|.parquet; what it lacks is downloaded"),
]
TrainFile = Annotated[list[Path] | None, typer.Option(help="training rows: a file or a folder of files; repeatable")]
Name = Annotated[str | None, typer.Option(help="of the training set, as data_source; else its own or its file's")]
Train = Annotated[bool, typer.Option(help="make the training file")]
Sets = Annotated[str | None, typer.Option(help="evaluation sets, with commas; '' for none; else all")]
Revision = Annotated[list[str] | None, typer.Option(help="NAME=REVISION of a data set on the hub; repeatable")]
Seed = Annotated[int, typer.Option(help="of the sample, and of its order")]
MinChars = Annotated[int, typer.Option(min=0, help="of a training text")]
MaxChars = Annotated[int | None, typer.Option(min=1, help="of a training text; else 4000, creative 2000")]
Tokenizer = Annotated[str | None, typer.Option(help="folder or name on the hub: count its tokens too")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="of a training prompt; else 1024, creative 512")]
OverlapWords = Annotated[int, typer.Option(min=1, help="words of a run that a training text may share")]
OverlapShare = Annotated[float, typer.Option(min=0, max=1, help="covered by such runs: overlap. 0: one run is enough")]
Instruction = Annotated[str | None, typer.Option(help="after every text; else verl's for \\boxed{}, creative none")]
Force = Annotated[bool, typer.Option("--force", help="make every file anew")]


@prepare_app.command()
def math(
    out: Annotated[Path, typer.Option(help="the files go there")] = Path("data/math"),
    source: From = None,
    train_file: TrainFile = None,
    name: Name = None,
    train: Train = True,
    sets: Sets = None,
    revision: Revision = None,
    size: Annotated[int, typer.Option(min=0, help="training problems; 0: all that are left")] = 10_000,
    seed: Seed = 0,
    min_chars: MinChars = 10,
    max_chars: MaxChars = None,
    tokenizer: Tokenizer = None,
    max_tokens: MaxTokens = None,
    overlap_words: OverlapWords = 8,
    overlap_share: OverlapShare = 0.5,
    instruction: Instruction = None,
    force: Force = False,
) -> None:
    """10k DeepScaleR problems, and AIME 24 and 25, HMMT, BRUMO, OlympiadBench, AMC 23, GSM8K, SVAMP."""
    _prepare("math", **locals())


@prepare_app.command()
def gsm8k(
    out: Annotated[Path, typer.Option(help="the files go there")] = Path("data/gsm8k"),
    source: From = None,
    train_file: TrainFile = None,
    name: Name = None,
    train: Train = True,
    sets: Sets = None,
    revision: Revision = None,
    size: Annotated[int, typer.Option(min=0, help="training problems; 0: all that are left")] = 0,
    seed: Seed = 0,
    min_chars: MinChars = 10,
    max_chars: MaxChars = None,
    tokenizer: Tokenizer = None,
    max_tokens: MaxTokens = None,
    overlap_words: OverlapWords = 8,
    overlap_share: OverlapShare = 0.5,
    instruction: Instruction = None,
    force: Force = False,
) -> None:
    """GSM8K's training problems and its test."""
    _prepare("gsm8k", **locals())


@prepare_app.command()
def creative(
    out: Annotated[Path, typer.Option(help="the files go there")] = Path("data/creative_writing"),
    source: From = None,
    train_file: TrainFile = None,
    name: Name = None,
    train: Train = True,
    sets: Sets = None,
    revision: Revision = None,
    size: Annotated[int, typer.Option(min=0, help="training prompts; 0: all that are left")] = 10_000,
    seed: Seed = 0,
    min_chars: MinChars = 10,
    max_chars: MaxChars = None,
    tokenizer: Tokenizer = None,
    max_tokens: MaxTokens = None,
    overlap_words: OverlapWords = 8,
    overlap_share: OverlapShare = 0.5,
    instruction: Instruction = None,
    force: Force = False,
) -> None:
    """10k first messages of WildChat (English, neither toxic nor redacted), and NoveltyBench's prompts."""
    _prepare("creative", **locals())


@prepare_app.command()
def countdown(
    out: Annotated[Path, typer.Option(help="the files go there")] = Path("data/countdown"),
    seed: Annotated[int, typer.Option(help="which prompts of each part")] = 0,
    train_prompts: Annotated[int, typer.Option(min=1, help="few on purpose: it is then that RL collapses")] = 256,
    validation_prompts: Annotated[int, typer.Option(min=1)] = 64,
    eval_prompts: Annotated[int, typer.Option(min=1, help="of the test before and after")] = 300,
) -> None:
    """Countdown's prompts: made here, nothing is downloaded."""
    from darling_plugin.countdown.data import prepare

    with explained():
        done = prepare(
            out,
            seed=seed,
            train_prompts=train_prompts,
            validation_prompts=validation_prompts,
            eval_prompts=eval_prompts,
        )
    said = "Nothing to do, they are up to date" if done.reused else "Made"
    typer.echo(f"{said}: {done.train}, {done.validation}, {done.test}")


@app.command()
def check(folder: Annotated[Path, typer.Argument(help="of a `darling data prepare`")]) -> None:
    """Compare a folder's files with the digests in its manifest; exit code 1 where one differs."""

    from darling_plugin.tools.data import manifest
    from darling_plugin.tools.data.show import show_check

    with explained():
        verdicts = manifest.check(folder)
    show_check(terminal(), verdicts)
    raise typer.Exit(0 if all(verdict.state == "same" for verdict in verdicts) else 1)


def _prepare(task: str, **chosen: Any) -> None:

    from darling_plugin.tools.data.prepare import Options, prepare
    from darling_plugin.tools.data.show import show
    from darling_plugin.tools.data.tasks import TASKS

    with explained():
        options = Options(
            out=chosen["out"],
            folder=chosen["source"],
            train=chosen["train"],
            train_files=tuple(chosen["train_file"] or ()),
            name=chosen["name"],
            sets=None if chosen["sets"] is None else [one.strip() for one in chosen["sets"].split(",") if one.strip()],
            revisions=_revisions(chosen["revision"] or []),
            size=chosen["size"],
            seed=chosen["seed"],
            shortest=chosen["min_chars"],
            longest=chosen["max_chars"],
            tokenizer=chosen["tokenizer"],
            most_tokens=chosen["max_tokens"],
            overlap_words=chosen["overlap_words"],
            overlap_share=chosen["overlap_share"],
            instruction=chosen["instruction"],
            force=chosen["force"],
        )
        outputs = prepare(TASKS[task], options)
    show(terminal(), outputs)


def _revisions(pairs: list[str]) -> dict[str, str]:
    from darling_plugin.errors import ConfigError

    for pair in pairs:
        if not all(pair.partition("=")):
            raise ConfigError(f"--revision: expected NAME=REVISION, got {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)
