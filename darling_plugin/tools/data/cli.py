"""`darling data …`. Each command parses, calls one function and prints; heavy imports are inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from darling_plugin.console import explained, print_json, terminal
from darling_plugin.task_files import Prepared

NAME = re.compile(r"\w[\w.-]*")

app = typer.Typer(help="The recipes' data: prepare it, and check that it has not changed.", no_args_is_help=True)
prepare_app = typer.Typer(
    help="Make a recipe's parquet files: filtered, decontaminated, sampled, with a manifest.", no_args_is_help=True
)
app.add_typer(prepare_app, name="prepare")

From = Annotated[
    Path | None,
    typer.Option("--from", help="Folder with the sources, <name>.jsonl|.json|.parquet. Others are downloaded."),
]
TrainFile = Annotated[
    list[Path] | None, typer.Option(help="Your own training rows: a file, or a folder of files. Can be repeated.")
]
Name = Annotated[
    str | None,
    typer.Option(
        help="Name of the training set (data_source). The default is the name of the data set or of the file."
    ),
]
Train = Annotated[bool, typer.Option(help="Make the training file.")]
Sets = Annotated[
    str | None, typer.Option(help="Evaluation sets, separated by commas. '' makes none. The default is all.")
]
Revision = Annotated[list[str] | None, typer.Option(help="NAME=REVISION of a data set on the hub. Can be repeated.")]
Seed = Annotated[int, typer.Option(help="Random seed of the sample and of its order.")]
MinChars = Annotated[int, typer.Option(min=0, help="Minimum characters of a training text.")]
MaxChars = Annotated[
    int | None, typer.Option(min=1, help="Maximum characters of a training text. The default is 4000 (creative: 2000).")
]
Tokenizer = Annotated[str | None, typer.Option(help="Tokenizer for --max-tokens: a folder, or a name on the hub.")]
MaxTokens = Annotated[
    int | None, typer.Option(min=1, help="Maximum tokens of a training prompt. The default is 1024 (creative: 512).")
]
OverlapWords = Annotated[int, typer.Option(min=1, help="Words of the n-grams that overlap is measured with.")]
OverlapShare = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        help="Drop a training text if shared n-grams cover this share of it. 0: one shared n-gram is enough.",
    ),
]
Instruction = Annotated[
    str | None, typer.Option(help="Appended to every text. The default is verl's for \\boxed{} (creative: none).")
]
Force = Annotated[bool, typer.Option("--force", help="Make all files again, even if they are up to date.")]


Size = Annotated[int, typer.Option(min=0, help="Number of training texts. 0 keeps all.")]
Out = Annotated[Path, typer.Option(help="Where to write the files.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def _add(task: str, folder: str, items: int, about: str) -> None:
    """The command of a task: all of them have the same options."""

    def command(
        out: Out = Path(folder),
        source: From = None,
        train_file: TrainFile = None,
        name: Name = None,
        train: Train = True,
        sets: Sets = None,
        revision: Revision = None,
        size: Size = items,
        seed: Seed = 0,
        min_chars: MinChars = 10,
        max_chars: MaxChars = None,
        tokenizer: Tokenizer = None,
        max_tokens: MaxTokens = None,
        overlap_words: OverlapWords = 8,
        overlap_share: OverlapShare = 0.5,
        instruction: Instruction = None,
        force: Force = False,
        as_json: AsJson = False,
    ) -> None:
        _prepare(**{"task": task} | locals())

    command.__doc__ = about
    prepare_app.command(task)(command)


_add(
    "math",
    "data/math",
    10_000,
    """10k DeepScaleR problems; for evaluation AIME 24 and 25, HMMT, BRUMO, OlympiadBench, AMC 23, GSM8K, SVAMP.

    Example: darling data prepare math --out data/math --size 10000
    """,
)
_add(
    "gsm8k",
    "data/gsm8k",
    0,
    """GSM8K's training and test problems.

    Example: darling data prepare gsm8k --out data/gsm8k
    """,
)
_add(
    "creative",
    "data/creative_writing",
    10_000,
    """10k first messages of WildChat (English, not toxic, not redacted); for evaluation the NoveltyBench prompts.

    Example: darling data prepare creative --train-file my_prompts.jsonl --name mine
    """,
)


@prepare_app.command()
def countdown(
    out: Out = Path("data/countdown"),
    seed: Annotated[int, typer.Option(help="Random seed of the prompts.")] = 0,
    train_prompts: Annotated[
        int, typer.Option(min=1, help="Training prompts. The default is small, so that GRPO loses diversity.")
    ] = 256,
    validation_prompts: Annotated[int, typer.Option(min=1, help="Validation prompts.")] = 64,
    eval_prompts: Annotated[int, typer.Option(min=1, help="Test prompts, for before and after training.")] = 300,
    as_json: AsJson = False,
) -> None:
    """Countdown prompts. They are generated; nothing is downloaded.

    Example: darling data prepare countdown --out data/countdown
    """
    from darling_plugin.countdown.data import prepare

    sizes = {"train_prompts": train_prompts, "validation_prompts": validation_prompts, "eval_prompts": eval_prompts}
    _prepare_made(prepare, out, as_json, seed=seed, **sizes)


@prepare_app.command()
def kinds(
    out: Out = Path("data/kinds"),
    seed: Annotated[int, typer.Option(help="Random seed of the choice of prompts, if not all are kept.")] = 0,
    train_prompts: Annotated[int, typer.Option(min=0, help="Training prompts. 0 keeps all.")] = 0,
    validation_prompts: Annotated[int, typer.Option(min=0, help="Validation prompts. 0 keeps all.")] = 0,
    eval_prompts: Annotated[int, typer.Option(min=0, help="Test prompts. 0 keeps all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Prompts that ask for a kind of something, made from WordNet (Debian: wordnet-base).

    Set DARLING_WORDNET to the folder of its files if it is not /usr/share/wordnet.

    Example: darling data prepare kinds --out data/kinds
    """
    from darling_plugin.kinds.data import prepare

    sizes = {"train_prompts": train_prompts, "validation_prompts": validation_prompts, "eval_prompts": eval_prompts}
    _prepare_made(prepare, out, as_json, seed=seed, **sizes)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder that `darling data prepare` made.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare a folder's files with the digests in its manifest. Exit code 1 if one differs.

    Example: darling data check data/math
    """

    from darling_plugin.tools.data import manifest
    from darling_plugin.tools.data.show import show_check

    with explained():
        verdicts = manifest.check(folder)
    if as_json:
        print_json([verdict._asdict() for verdict in verdicts])
    else:
        show_check(terminal(), verdicts)
    raise typer.Exit(0 if all(verdict.state == "same" for verdict in verdicts) else 1)


def _prepare_made(prepare: Callable[..., Prepared], out: Path, as_json: bool, **arguments: int) -> None:
    """Write prompts that are made, not downloaded, and say which files there are."""
    with explained():
        done = prepare(out, **arguments)
    files = [done.train, done.validation, done.test]
    if as_json:
        print_json({"folder": str(out), "files": [{"file": str(path), "made": not done.reused} for path in files]})
        return
    said = "Up to date" if done.reused else "Made"
    terminal(soft_wrap=True).print(f"{said}: {', '.join(map(str, files))}", markup=False, highlight=False)


def _check_name(name: str | None) -> None:
    from darling_plugin.errors import ConfigError

    if name is not None and not NAME.fullmatch(name):
        raise ConfigError(
            f"--name: got {name!r}, expected only letters, digits, _, - and ., because it becomes a file name."
        )


def _prepare(task: str, **chosen: Any) -> None:

    from darling_plugin.tools.data.prepare import Options, prepare
    from darling_plugin.tools.data.show import show
    from darling_plugin.tools.data.tasks import TASKS

    with explained():
        _check_name(chosen["name"])
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
    if chosen["as_json"]:
        print_json({"folder": str(options.out), "files": [output.as_json() for output in outputs]})
    else:
        show(terminal(), outputs)


def _revisions(pairs: list[str]) -> dict[str, str]:
    from darling_plugin.errors import ConfigError

    for pair in pairs:
        if not all(pair.partition("=")):
            raise ConfigError(f"--revision: expected NAME=REVISION, got {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)
