"""Writing: against a baseline's answers (`judging/pairwise.py`) and by a rubric (`judging/rubric.py`).

The prompts are your own file, AlpacaEval 2's 805 instructions, or the writing prompts of Arena-Hard v2. --baseline
names another evaluation's folder or a file of answers, such as AlpacaEval's own file. Sampled as EQ-Bench does, at
temperature 0.7 and min-p 0.1 with up to 4,000 tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Part, Source, Task, own_prompts, read_parts


def instruction(fields: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"id": number, "prompt": fields["instruction"]}


def writing(fields: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    if fields["category"] != "creative_writing":
        return None
    return {"id": fields["uid"], "prompt": fields["prompt"]}


PARTS = {
    "alpaca_eval": Part(
        "tatsu-lab/alpaca_eval",
        "train",
        "alpaca_eval_gpt4_baseline.json",
        instruction,
        files="alpaca_eval_gpt4_baseline.json",
    ),
    "arena_hard_writing": Part(
        "lmarena-ai/arena-hard-auto", "train", "question.jsonl", writing, files="data/arena-hard-v2.0/question.jsonl"
    ),
}


def read(source: Source) -> list[Prompt]:
    if source.prompts is not None:
        if source.sets or source.data:
            raise InputError("`--prompts` cannot be combined with --sets or --data; give one of them")
        return own_prompts(source)
    if not source.sets:
        raise InputError(f"`--prompts` must name a file of prompts, or `--sets` one of {', '.join(PARTS)}")
    return read_parts(PARTS, (), source)


TASK = Task(
    "creative",
    about=f"writing, judged: --prompts, or {', '.join(PARTS)}",
    read=read,
    samples=1,
    sampling=Sampling(temperature=0.7, min_p=0.1, max_tokens=4000),
    scorer="judge",
    baseline=True,
)
