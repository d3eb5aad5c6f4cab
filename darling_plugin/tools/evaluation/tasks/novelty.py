"""NoveltyBench (Zhang et al. 2025, arXiv 2504.05228): how many of ten responses are new, and how good those are.

As published: ten samples of up to 512 tokens at temperature 1, and the greedy partition; `evaluation/novelty.py` has
the metrics. Two things are another's there and yours to set: its classifier (here the shipped one, unless
--similarity-args names another) and its reward model, Skywork-Reward-Gemma-2-27B-v0.2, without which there is no
utility_k.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Part, Source, Task, read_parts


def prompt(fields: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"id": fields["id"], "prompt": fields["prompt"]}


HUB = "yimingzhang/novelty-bench"
PARTS = {
    "curated": Part(HUB, "curated", "curated.jsonl", prompt),
    "wildchat": Part(HUB, "wildchat", "wildchat-1k.jsonl", prompt),
}


def read(source: Source) -> list[Prompt]:
    return read_parts(PARTS, tuple(PARTS), source)


TASK = Task(
    "novelty",
    about="NoveltyBench: curated, wildchat",
    read=read,
    samples=10,
    sampling=Sampling(temperature=1.0, max_tokens=512),
    similarity="classifier",
    way="greedy",
)
