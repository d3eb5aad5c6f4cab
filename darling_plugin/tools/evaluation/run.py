"""One evaluation, in order: prompts, samples, scores, classes, verdicts, summary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from darling_plugin import __version__
from darling_plugin.tools.evaluation.folder import Folder
from darling_plugin.tools.evaluation.prompts import digest
from darling_plugin.tools.evaluation.request import Request
from darling_plugin.tools.evaluation.stage import Item, Outcome, run_stage

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Result:
    folder: Folder
    stages: list[Outcome]
    """Of this shard."""

    @property
    def missing(self) -> Outcome:
        """The stage with the greatest share of missing items."""
        return max(self.stages, key=lambda outcome: outcome.share)


def run(request: Request, console: Console | None = None) -> Result:
    """Do what is left of the evaluation, or of the shard, in its folder.

    Items that failed are tried again by the next run. Raises `InputError` where the folder holds an evaluation with
    other settings, `ConfigError` for a setting that is wrong, before anything is sampled.
    """
    sampler, scorer = request.sampler(console), request.make_scorer()
    partitioner, pairwise = request.partitioner(), request.pairwise()
    prompts = request.task.read(request.source)
    n = request.samples_each
    settings: dict[str, Any] = {
        "task": request.task.name,
        "prompts": len(prompts),
        "prompts_sha256": digest(prompts),
        "samples": n,
        "seed": request.seed,
        "sampling": sampler.settings,
        "scoring": None if scorer is None else scorer.settings | {"scale": request.reward_scale},
        "binary": scorer is not None and scorer.binary,
        "partition": None if partitioner is None else partitioner.settings,
        "pairwise": None if pairwise is None else pairwise.settings,
    }
    noted = {
        "darling_plugin": __version__,
        "model": request.model.name or str(request.model.responses),
        "url": request.model.url,
        "judge_url": request.judge.url,
        "baseline": None if request.baseline is None else str(request.baseline),
    }
    folder = Folder.make(request.out, settings, noted, prompts)
    shard = request.shard
    own = folder.own(shard)

    stages = []
    with_console: dict[str, Any] = {"shard": shard, "console": console}
    asked = [Item(prompt, sample) for prompt in own for sample in range(n)]
    stages.append(run_stage(folder, "samples", "Sampling", asked, sampler, **with_console))
    rows = folder.rows("samples")
    there = [Item(item.prompt, item.sample, (rows[item.key]["response"],)) for item in asked if item.key in rows]
    if scorer is not None:
        stages.append(run_stage(folder, "scores", "Scoring", there, scorer, wanted=len(asked), **with_console))
    if partitioner is not None:
        responses: dict[str, list[str]] = {}
        for item in there:
            responses.setdefault(item.prompt.id, []).append(item.response)
        whole = [
            Item(prompt, responses=tuple(responses[prompt.id]))
            for prompt in own
            if len(responses.get(prompt.id, ())) == n
        ]
        stages.append(run_stage(folder, "classes", "Partitioning", whole, partitioner, wanted=len(own), **with_console))
    if pairwise is not None:
        stages.append(run_stage(folder, "pairwise", "Comparing", there, pairwise, wanted=len(asked), **with_console))
    failures = {outcome.stage: outcome.as_json() for outcome in stages if outcome.failures}
    folder.write(f"failures{shard.suffix}.json", json.dumps(failures, indent=1, ensure_ascii=False) + "\n")
    return Result(folder, stages)
