"""`darling eval …`. Each command parses, calls one function and prints; heavy imports are inside.

`darling_plugin/cli.py` has it as `eval`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from darling_plugin.console import explained, print_json, terminal

app = typer.Typer(
    help="Measure a model's quality and diversity: run, summary, compare.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

MISSING = 3  # the exit code where too much is missing
PROMPTS, SAMPLING, ENGINE, SCORING, JUDGE, CLASSES, HOW = (
    "Prompts", "Sampling", "Engine", "Scores", "Judge", "Classes", "How",
)  # fmt: skip


def _option(panel: str, *names: str, help: str = "") -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel)


@app.command()
def run(
    task: Annotated[str, typer.Argument(help="math | novelty | creative | countdown | own")],
    out: Annotated[Path, typer.Option(help="the evaluation's folder; the same command goes on after a kill")],
    model: Annotated[
        str | None, _option(SAMPLING, help="a Hugging Face folder, a name on the hub, or with --url the name there")
    ] = None,
    url: Annotated[str | None, _option(SAMPLING, help="an OpenAI-compatible endpoint, instead of vLLM here")] = None,
    api_key_env: Annotated[str | None, _option(SAMPLING, help="environment variable with its key")] = None,
    responses: Annotated[
        Path | None, _option(SAMPLING, help="no sampling: a file of responses, or another evaluation's folder")
    ] = None,
    samples: Annotated[int | None, _option(SAMPLING, help="for each prompt")] = None,
    seed: Annotated[int, _option(SAMPLING, help="of the samples, and of countdown's prompts")] = 0,
    temperature: Annotated[float | None, _option(SAMPLING)] = None,
    top_p: Annotated[float | None, _option(SAMPLING)] = None,
    top_k: Annotated[int | None, _option(SAMPLING)] = None,
    min_p: Annotated[float | None, _option(SAMPLING)] = None,
    max_tokens: Annotated[int | None, _option(SAMPLING, help="of a response")] = None,
    raw: Annotated[bool, _option(SAMPLING, "--raw", help="continue the text; no chat template")] = False,
    template: Annotated[
        str | None, _option(SAMPLING, help="variables of the chat template, JSON: '{\"enable_thinking\": false}'")
    ] = None,
    entropy: Annotated[bool, _option(SAMPLING, "--entropy", help="of the model's tokens; needs temperature 1")] = False,
    sets: Annotated[str | None, _option(PROMPTS, help="parts of the task, such as aime24,aime25")] = None,
    data: Annotated[Path | None, _option(PROMPTS, help="a folder, or a file, with them; without it, the hub")] = None,
    prompts: Annotated[Path | None, _option(PROMPTS, help="creative, own: JSON lines {id, prompt, answer}")] = None,
    limit: Annotated[int | None, _option(PROMPTS, help="the first so many prompts of each part")] = None,
    tensor_parallel: Annotated[int, _option(ENGINE, help="GPUs for one copy of the model")] = 1,
    data_parallel: Annotated[int, _option(ENGINE, help="copies of the model")] = 1,
    executor: Annotated[
        str | None, _option(ENGINE, help="mp: this node's GPUs | ray: those of the cluster at RAY_ADDRESS")
    ] = None,
    engine_args: Annotated[
        str | None, _option(ENGINE, help="further arguments of vLLM's engine, JSON: '{\"max_model_len\": 8192}'")
    ] = None,
    scorer: Annotated[
        str | None, _option(SCORING, help="math | countdown | reward-model | judge | none | module:function")
    ] = None,
    binary: Annotated[bool, _option(SCORING, "--binary", help="module:function gives 1 or 0: right or wrong")] = False,
    reward_model: Annotated[str | None, _option(SCORING, help="a folder, or with --reward-url the name there")] = None,
    reward_url: Annotated[str | None, _option(SCORING, help="http://host:port of its /classify")] = None,
    reward_tokenizer: Annotated[str | None, _option(SCORING, help="whose chat template; the model's own")] = None,
    reward_scale: Annotated[
        str | None, _option(SCORING, help="skywork | athene: from rewards to utility_k's 1 … 10")
    ] = None,
    judge: Annotated[str | None, _option(JUDGE, help="the judge's name at its endpoint")] = None,
    judge_url: Annotated[str | None, _option(JUDGE, help="its OpenAI-compatible endpoint")] = None,
    judge_key_env: Annotated[str | None, _option(JUDGE, help="environment variable with its key")] = None,
    judge_tokens: Annotated[int, _option(JUDGE, help="of one answer, thinking included")] = 1024,
    judge_characters: Annotated[int | None, _option(JUDGE, help="it sees so much of each response; all of it")] = None,
    baseline: Annotated[
        Path | None, _option(JUDGE, help="creative: another evaluation's folder, or a file of responses")
    ] = None,
    similarity: Annotated[
        str | None, _option(CLASSES, help="classifier | cascade | judge | embedding | lexical | callable | none")
    ] = None,
    similarity_args: Annotated[
        str | None, _option(CLASSES, help='its settings, JSON: \'{"model": "my_classifier"}\'')
    ] = None,
    threshold: Annotated[float | None, _option(CLASSES, help="equivalent above it; the similarity's own")] = None,
    partition: Annotated[str | None, _option(CLASSES, help="closure: as in training | greedy: as NoveltyBench")] = None,
    shard: Annotated[str, _option(HOW, help="i/m: this run does part i of m")] = "0/1",
    concurrency: Annotated[int, _option(HOW, help="requests at once, to each endpoint")] = 64,
    timeout_s: Annotated[float, _option(HOW, help="seconds until one request is given up and tried again")] = 600,
    deadline_s: Annotated[float, _option(HOW, help="seconds of trying until one item is given up")] = 900,
    max_missing: Annotated[float, _option(HOW, help=f"a greater share of missing items exits with {MISSING}")] = 0.01,
    as_json: Annotated[bool, _option(HOW, "--json", help="print the summary as JSON")] = False,
) -> None:
    """Sample, score, partition and sum up; goes on where an earlier run of the same command ended."""

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
        console.print(f"Shard {shard} is done. When all are: darling eval summary {out}", markup=False, highlight=False)
    else:
        print_summary(console, summary)
        console.print(f"Summary  {out}/summary.json", markup=False, highlight=False, soft_wrap=True)
    worst = result.missing
    if worst.share > max_missing:
        notes.print(
            f"{worst.missing:,} of {worst.items:,} in {worst.stage} are missing ({worst.share:.1%}), more than "
            f"--max-missing {max_missing:g}. The same command tries them again.",
            style="red", markup=False, highlight=False,
        )  # fmt: skip
        raise typer.Exit(MISSING)


@app.command()
def summary(
    folder: Annotated[Path, typer.Argument(help="an evaluation's folder; that of its shards, copied together, too")],
    max_missing: Annotated[float, typer.Option(help=f"a greater share of missing items exits with {MISSING}")] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Sum up a folder anew: of a run, or of all its shards."""

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
    before: Annotated[Path, typer.Argument(help="an evaluation's folder")],
    after: Annotated[Path, typer.Argument(help="another, of the same task")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare two evaluations prompt by prompt: differences, intervals, p-values."""

    from darling_plugin.tools.evaluation.compare import compare as compared
    from darling_plugin.tools.evaluation.folder import Folder
    from darling_plugin.tools.evaluation.tables import print_comparison

    with explained():
        found = compared(Folder.read(before), Folder.read(after))
    if as_json:
        print_json(found.as_json())
    else:
        print_comparison(terminal(), found)


def _json(option: str, text: str | None) -> dict[str, Any] | None:
    from darling_plugin.errors import ConfigError

    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"`{option}` must be a JSON object, got {text!r} ({error})") from None
    if not isinstance(found, dict):
        raise ConfigError(f"`{option}` must be a JSON object, got {text!r}")
    return found


if __name__ == "__main__":
    app()
