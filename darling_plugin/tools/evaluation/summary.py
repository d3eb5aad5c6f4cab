"""An evaluation's folder to its summary: the mean of every metric over prompts, with its bootstrap interval.

The summary depends on the rows alone, so that of a run which was killed and resumed, or done in shards, is the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from darling_plugin.evaluation.intervals import bootstrap_mean
from darling_plugin.tools.evaluation.folder import Folder
from darling_plugin.tools.evaluation.judging.elo import elo_ratings
from darling_plugin.tools.evaluation.judging.length import length_controlled
from darling_plugin.tools.evaluation.judging.win_rates import Pair, weighted_win_rate
from darling_plugin.tools.evaluation.values import Responses, read, values

OF_THE_JUDGE = ("first shown", "orders agree")
Figures = dict[str, dict[str, Any]]


def summarize(folder: Folder) -> dict[str, Any]:
    """Write summary.json and values.jsonl, and return the summary.

    {"metrics": {name: {"mean", "low", "high", "problems", "confidence"}}, "parts": {part: the same},
     "judge": the same of the judge itself, "missing": {stage: {"items", "missing", "share"}}, "complete": …}
    """
    found = read(folder)
    of_prompts = [values(one) for one in found]
    parts = sorted({one.prompt.source for one in found})
    summary: dict[str, Any] = {
        "task": folder.settings["task"],
        "model": folder.noted["model"],
        "prompts": len(found),
        "samples": folder.samples,
        "missing": missing(folder, found),
    }
    summary["complete"] = not any(stage["missing"] for stage in summary["missing"].values())
    figures = _figures(found, of_prompts)
    summary["metrics"] = {name: figure for name, figure in figures.items() if name not in OF_THE_JUDGE}
    summary["judge"] = {name: figures[name] for name in OF_THE_JUDGE if name in figures}
    summary["parts"] = {}
    if len(parts) > 1:
        for part in parts:
            rows = [row for row, one in enumerate(found) if one.prompt.source == part]
            own = _figures([found[row] for row in rows], [of_prompts[row] for row in rows])
            summary["parts"][part] = {name: figure for name, figure in own.items() if name not in OF_THE_JUDGE}
    summary["settings"] = folder.settings
    lines = [
        json.dumps({"id": one.prompt.id, "source": one.prompt.source} | own)
        for one, own in zip(found, of_prompts, strict=True)
    ]
    folder.write("values.jsonl", "".join(f"{line}\n" for line in lines))
    folder.write("summary.json", json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    return summary


def missing(folder: Folder, found: Sequence[Responses]) -> dict[str, dict[str, Any]]:
    """Of every stage that was asked for: items, and those without a row."""
    items = len(found) * folder.samples
    there = {
        "samples": (items, sum(row is not None for one in found for row in one.samples)),
        "scores": (items, sum(row is not None for one in found for row in one.scores)),
        "classes": (len(found), sum(one.classes is not None for one in found)),
        "pairwise": (items, sum(len(one.pairs) for one in found)),
    }
    asked = {"scores": "scoring", "classes": "partition", "pairwise": "pairwise"}
    return {
        stage: {"items": total, "missing": total - done, "share": (total - done) / total}
        for stage, (total, done) in there.items()
        if stage not in asked or folder.settings[asked[stage]] is not None
    }


def _figures(found: Sequence[Responses], of_prompts: Sequence[dict[str, float]]) -> Figures:
    """Every metric that any prompt has, in the order in which prompts have them."""
    names = dict.fromkeys(name for own in of_prompts for name in own)
    figures: Figures = {}
    for name in names:
        figures[name] = bootstrap_mean([own[name] for own in of_prompts if name in own]).as_json()
        if name == "win rate":
            figures |= _win_rates([one.pairs for one in found if one.pairs])
    return figures


def _win_rates(judged: Sequence[Sequence[Pair]]) -> Figures:
    """Those that are of all pairs together, and so of no single prompt."""
    pairs = [(pair, number) for number, own in enumerate(judged) for pair in own]
    controlled = length_controlled(
        [pair.win_rate for pair, _ in pairs], [pair.longer for pair, _ in pairs], [number for _, number in pairs]
    )
    votes = np.zeros((len(judged), 2, 2))
    for number, own in enumerate(judged):
        won = sum(pair.weighted for pair in own)
        votes[number, 0, 1], votes[number, 1, 0] = won, sum(sum(pair.weights) for pair in own) - won
    return {
        "Elo, the baseline 1500": elo_ratings(votes, ("the model", "the baseline"), anchor=1)[0].as_json(),
        "win rate, clear wins thrice": weighted_win_rate(judged).as_json(),
        "win rate, length-controlled": controlled.as_json(),
    }
