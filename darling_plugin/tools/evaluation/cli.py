"""`darling eval …`. Each command parses, calls one function and prints; heavy imports are inside.

`darling_plugin/cli.py` has it as `eval`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from darling_plugin.console import explained, print_json, terminal

app = typer.Typer(
    help="Measure a model's quality and diversity: run, summary, compare, elo.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

KEY_HELP = "Environment variable that holds its API key. Without it, OPENAI_API_KEY is sent only to api.openai.com."
MISSING = 3  # the exit code where too much is missing
PROMPTS, SAMPLING, ENGINE, SCORING, JUDGE, CLASSES, HOW = (
    "Prompts", "Sampling", "Engine", "Scores", "Judge", "Classes", "How",
)  # fmt: skip


def _option(panel: str, *names: str, help: str = "") -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel)


@app.command()
def run(
    task: Annotated[str, typer.Argument(help="math | novelty | creative | hard | code | countdown | own.")],
    out: Annotated[Path, typer.Option(help="The evaluation's folder. The same command resumes after an interruption.")],
    model: Annotated[
        str | None,
        _option(SAMPLING, help="A Hugging Face folder or a name on the hub; with --url, the name at that endpoint."),
    ] = None,
    url: Annotated[
        str | None, _option(SAMPLING, help="An OpenAI-compatible endpoint, instead of vLLM on this machine.")
    ] = None,
    api_key_env: Annotated[str | None, _option(SAMPLING, help=KEY_HELP)] = None,
    responses: Annotated[
        Path | None,
        _option(SAMPLING, help="Do not sample: use this file of responses, or another evaluation's folder."),
    ] = None,
    samples: Annotated[
        int | None, _option(SAMPLING, help="Samples per prompt. The default depends on the task.")
    ] = None,
    seed: Annotated[int, _option(SAMPLING, help="Random seed of the samples, and of countdown's prompts.")] = 0,
    temperature: Annotated[
        float | None, _option(SAMPLING, help="Sampling temperature. The default depends on the task.")
    ] = None,
    top_p: Annotated[float | None, _option(SAMPLING, help="Nucleus sampling. The default depends on the task.")] = None,
    top_k: Annotated[
        int | None, _option(SAMPLING, help="Sample from the k most likely tokens. Off by default.")
    ] = None,
    min_p: Annotated[
        float | None,
        _option(SAMPLING, help="Minimum probability of a token, relative to the likeliest. Off by default."),
    ] = None,
    max_tokens: Annotated[
        int | None, _option(SAMPLING, help="Maximum tokens of a response. The default depends on the task.")
    ] = None,
    raw: Annotated[
        bool, _option(SAMPLING, "--raw", help="Continue the prompt's text, without a chat template.")
    ] = False,
    template: Annotated[
        str | None, _option(SAMPLING, help="Variables of the chat template, as JSON: '{\"enable_thinking\": false}'")
    ] = None,
    entropy: Annotated[
        bool,
        _option(SAMPLING, "--entropy", help="Also measure the entropy of the model's tokens. Needs temperature 1."),
    ] = False,
    sets: Annotated[
        str | None, _option(PROMPTS, help="Parts of the task, such as aime24,aime25. The default is all.")
    ] = None,
    data: Annotated[
        Path | None,
        _option(PROMPTS, help="A folder or a file with the task's data. The default is the Hugging Face hub."),
    ] = None,
    prompts: Annotated[
        Path | None,
        _option(PROMPTS, help="JSON lines: {id, prompt, answer} for creative and own, {id, prompt, tests} for code."),
    ] = None,
    limit: Annotated[int | None, _option(PROMPTS, help="Use only the first prompts of each part.")] = None,
    tensor_parallel: Annotated[int, _option(ENGINE, help="GPUs per copy of the model.")] = 1,
    data_parallel: Annotated[int, _option(ENGINE, help="Copies of the model.")] = 1,
    executor: Annotated[
        str | None,
        _option(
            ENGINE,
            help="mp: the GPUs of this node | ray: those of the cluster at RAY_ADDRESS. vLLM chooses by default.",
        ),
    ] = None,
    engine_args: Annotated[
        str | None, _option(ENGINE, help="More arguments of vLLM's engine, as JSON: '{\"max_model_len\": 8192}'")
    ] = None,
    scorer: Annotated[
        str | None,
        _option(
            SCORING,
            help="math | code | prime_code | countdown | reward-model | judge | none | module:function. The task has a "
            "default. code and prime_code run the programs that the model wrote.",
        ),
    ] = None,
    binary: Annotated[
        bool, _option(SCORING, "--binary", help="The scores of module:function are 1 (right) or 0 (wrong).")
    ] = False,
    reward_model: Annotated[
        str | None, _option(SCORING, help="The reward model: a folder; with --reward-url, the name at that endpoint.")
    ] = None,
    reward_url: Annotated[str | None, _option(SCORING, help="http://host:port of its /classify endpoint.")] = None,
    reward_tokenizer: Annotated[
        str | None, _option(SCORING, help="Tokenizer whose chat template is used. The default is the model's own.")
    ] = None,
    reward_scale: Annotated[
        str | None, _option(SCORING, help="skywork | athene: how to map rewards to the scale 1 … 10 of utility_k.")
    ] = None,
    judge: Annotated[str | None, _option(JUDGE, help="The judge's name at its endpoint.")] = None,
    judge_url: Annotated[str | None, _option(JUDGE, help="The judge's OpenAI-compatible endpoint.")] = None,
    judge_key_env: Annotated[str | None, _option(JUDGE, help=KEY_HELP)] = None,
    judge_tokens: Annotated[
        int, _option(JUDGE, help="Maximum tokens of a judge's answer, including its reasoning.")
    ] = 1024,
    judge_characters: Annotated[
        int | None, _option(JUDGE, help="Show the judge this many characters of each response. The default is all.")
    ] = None,
    baseline: Annotated[
        Path | None,
        _option(JUDGE, help="For creative and hard: compare with another evaluation's folder, or a file of responses."),
    ] = None,
    similarity: Annotated[
        str | None,
        _option(
            CLASSES,
            help="classifier | cascade | judge | embedding | lexical | callable | none. The task has a default.",
        ),
    ] = None,
    similarity_args: Annotated[
        str | None, _option(CLASSES, help='Settings of the similarity, as JSON: \'{"model": "my_classifier"}\'')
    ] = None,
    threshold: Annotated[
        float | None,
        _option(CLASSES, help="Two responses are equivalent above it. The default is the similarity's own."),
    ] = None,
    partition: Annotated[
        str | None,
        _option(CLASSES, help="closure: as in training | greedy: as NoveltyBench. The default depends on the task."),
    ] = None,
    shard: Annotated[str, _option(HOW, help="i/m: do part i of m parts, counted from 0.")] = "0/1",
    concurrency: Annotated[int, _option(HOW, help="Concurrent requests to each endpoint.")] = 64,
    timeout_s: Annotated[float, _option(HOW, help="Seconds until a request is abandoned and retried.")] = 600,
    deadline_s: Annotated[float, _option(HOW, help="Seconds of retries until an item is abandoned.")] = 900,
    max_missing: Annotated[
        float, _option(HOW, help=f"Exit with {MISSING} if a larger share of items is missing.")
    ] = 0.01,
    as_json: Annotated[bool, _option(HOW, "--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Sample, score, partition and summarize. Resumes where an earlier run of the same command stopped.

    Example: darling eval run math --model my_checkpoint --sets aime24 --out results/math
    """

    from darling_plugin.core import checks
    from darling_plugin.tools.evaluation import request as asked
    from darling_plugin.tools.evaluation.folder import Shard
    from darling_plugin.tools.evaluation.run import run as evaluate
    from darling_plugin.tools.evaluation.summary import summarize
    from darling_plugin.tools.evaluation.tables import print_failures, print_summary
    from darling_plugin.tools.evaluation.tasks import task_called
    from darling_plugin.tools.evaluation.tasks.base import Source
    from darling_plugin.tools.evaluation.values import SCALES

    notes = terminal(stderr=True, soft_wrap=True)
    with explained():
        changed = {
            "temperature": temperature, "top_p": top_p, "top_k": top_k, "min_p": min_p, "max_tokens": max_tokens,
            "raw": raw or None, "template": _json("--template", template), "entropy": entropy or None,
        }  # fmt: skip
        if reward_scale is not None:
            checks.choice("--reward-scale", reward_scale, tuple(SCALES))
        if limit is not None:
            checks.at_least_one("--limit", limit)
        checks.fraction("--max-missing", max_missing)
        wanted = asked.Request(
            task_called(task),
            out.expanduser(),
            Source(tuple(sets.split(",")) if sets else (), data, prompts, seed, limit),
            asked.Model(
                model, url, responses, api_key_env, tensor_parallel, data_parallel, executor,
                _json("--engine-args", engine_args) or {},
            ),
            samples=samples,
            sampling={name: value for name, value in changed.items() if value is not None},
            seed=seed,
            scorer=scorer,
            binary=binary,
            reward=asked.Reward(reward_model, reward_url, reward_tokenizer),
            reward_scale=reward_scale,
            judge=asked.Judge(judge, judge_url, judge_key_env, judge_characters, judge_tokens),
            baseline=baseline,
            similarity=asked.Similarity(
                similarity, _json("--similarity-args", similarity_args) or {}, threshold, partition
            ),
            patience=asked.Patience(concurrency, timeout_s, deadline_s),
            shard=Shard.parse(shard),
        )  # fmt: skip
        result = evaluate(wanted, notes)
        summary = summarize(result.folder)
    print_failures(notes, result.stages)
    console = terminal()
    if as_json:
        print_json(summary)
    elif wanted.shard.count > 1 and not summary["complete"]:
        console.print(
            f"Shard {shard} is done. When all shards are done: darling eval summary {out}",
            markup=False,
            highlight=False,
        )
    else:
        print_summary(console, summary)
        console.print(f"Summary  {out}/summary.json", markup=False, highlight=False, soft_wrap=True)
    worst = result.missing
    if worst.share > max_missing:
        notes.print(
            f"{worst.missing:,} of {worst.items:,} in {worst.stage} are missing ({worst.share:.1%}), more than "
            f"--max-missing {max_missing:g}. Run the same command again to retry them.",
            style="red", markup=False, highlight=False,
        )  # fmt: skip
        raise typer.Exit(MISSING)


@app.command()
def summary(
    folder: Annotated[
        Path, typer.Argument(help="An evaluation's folder, or the folder into which all of its shards were copied.")
    ],
    max_missing: Annotated[
        float, typer.Option(help=f"Exit with {MISSING} if a larger share of items is missing.")
    ] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Summarize an evaluation's folder again, after all of its shards are done.

    Example: darling eval summary results/math
    """

    from darling_plugin.tools.evaluation.folder import Folder
    from darling_plugin.tools.evaluation.summary import summarize
    from darling_plugin.tools.evaluation.tables import print_summary

    with explained():
        found = summarize(Folder.read(folder))
    if as_json:
        print_json(found)
    else:
        print_summary(terminal(), found)
    if max(stage["share"] for stage in found["missing"].values()) > max_missing:
        raise typer.Exit(MISSING)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="An evaluation's folder.")],
    after: Annotated[Path, typer.Argument(help="Another evaluation's folder, of the same task.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare two evaluations prompt by prompt: differences, intervals, p-values.

    Example: darling eval compare results/before results/after
    """

    from darling_plugin.tools.evaluation.compare import compare as compared
    from darling_plugin.tools.evaluation.folder import Folder
    from darling_plugin.tools.evaluation.tables import print_comparison

    with explained():
        found = compared(Folder.read(before), Folder.read(after))
    if as_json:
        print_json(found.as_json())
    else:
        print_comparison(terminal(), found)


@app.command()
def elo(
    folders: Annotated[
        list[Path], typer.Argument(help="Evaluations' folders, each with verdicts of one judge against a --baseline.")
    ],
    anchor: Annotated[
        str | None, typer.Option(help="The model whose rating is fixed. The default is the first folder's baseline.")
    ] = None,
    at: Annotated[float, typer.Option(help="The rating of --anchor.")] = 1500.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Rate several models by a judge's pairwise verdicts: Bradley-Terry ratings on the scale of Elo, with intervals.

    Example: darling eval elo results/before results/after
    """
    from darling_plugin.tools.evaluation.folder import Folder
    from darling_plugin.tools.evaluation.standings import standings
    from darling_plugin.tools.evaluation.tables import print_standings

    with explained():
        found = standings([Folder.read(folder) for folder in folders], anchor=anchor, at=at)
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        print_standings(terminal(), found)


def _json(option: str, text: str | None) -> dict[str, Any] | None:
    from darling_plugin.errors import ConfigError, InputError
    from darling_plugin.json_lines import parse

    if text is None:
        return None
    try:
        found = parse(text, option)
    except InputError as error:
        raise ConfigError(f"`{option}` must be a JSON object, got {text!r:.200} ({error})") from None
    if not isinstance(found, dict):
        raise ConfigError(f"`{option}` must be a JSON object, got {text!r}")
    return found


if __name__ == "__main__":
    app()
