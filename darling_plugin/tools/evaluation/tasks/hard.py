"""Hard prompts of users, answered and compared with a baseline's answers by an LLM judge (`judging/pairwise.py`).

The prompts are your own file, or the 500 hard prompts of Arena-Hard v2 (Li et al. 2024, arXiv 2406.11939). --baseline
names another evaluation's folder, or a file of answers such as Arena-Hard's own `model_answer/NAME.jsonl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Part, Source, Task, own_prompts, read_parts


def hard(fields: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """Every prompt that is not of the part for writing, which the task creative has."""
    if fields["category"] == "creative_writing":
        return None
    return {"id": fields["uid"], "prompt": fields["prompt"]}


PARTS = {
    "arena_hard": Part(
        "lmarena-ai/arena-hard-auto", "train", "question.jsonl", hard, files="data/arena-hard-v2.0/question.jsonl"
    )
}


def read(source: Source) -> list[Prompt]:
    if source.prompts is not None:
        if source.sets or source.data:
            raise InputError("`--prompts` cannot be combined with --sets or --data; give one of them")
        return own_prompts(source)
    return read_parts(PARTS, tuple(PARTS), source)


TASK = Task(
    "hard",
    about=f"hard prompts against a baseline: {', '.join(PARTS)}, or --prompts",
    read=read,
    samples=1,
    sampling=Sampling(temperature=0.0, max_tokens=8192),
    baseline=True,
    question="answers",
)
