"""Competition math, scored by math-verify.

Sampled as the authors validate (arXiv 2509.02534): temperature 0.6, top-p 0.95, up to 8,192 tokens. Each problem is
followed by one sentence that asks for a boxed answer; `math-verify` reads others too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darling_plugin.quality.reference import reference_text
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.tasks.base import Part, Source, Task, read_parts

INSTRUCTION = "\n\nReason step by step, and give the final answer in \\boxed{}."
QUESTION = ("question", "problem")
ID = ("id", "problem_idx", "ID", "idx")


def problem(fields: Mapping[str, Any], number: int) -> dict[str, Any]:
    """`question` or `problem`, and `answer`."""
    return _row(fields, number, fields["answer"])


def gsm8k(fields: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The answer is a solution, and what follows "####" in it the number."""
    _, mark, answer = fields["answer"].rpartition("####")
    if not mark:
        raise ValueError("no #### in its answer")
    return _row(fields, number, answer.strip().replace(",", ""))


def olympiad(fields: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """`final_answer` is a list of one text, also where several values are asked for."""
    (answer,) = fields["final_answer"]
    return _row(fields, number, answer)


def _row(fields: Mapping[str, Any], number: int, answer: Any) -> dict[str, Any]:
    question = next((fields[name] for name in QUESTION if name in fields), None)
    if not isinstance(question, str):
        raise KeyError(" or ".join(QUESTION))
    return {
        "id": next((fields[name] for name in ID if fields.get(name) is not None), number),
        "prompt": question + INSTRUCTION,
        "answer": reference_text(answer, f"{number}, field `answer`"),
    }


PARTS = {
    "aime24": Part("HuggingFaceH4/aime_2024", "train", "aime24.jsonl", problem),
    "aime25": Part("math-ai/aime25", "test", "aime25.jsonl", problem),
    "amc23": Part("math-ai/amc23", "test", "amc23.jsonl", problem),
    "hmmt": Part("MathArena/hmmt_feb_2025", "train", "hmmt.jsonl", problem),
    "brumo": Part("MathArena/brumo_2025", "train", "brumo.jsonl", problem),
    "olympiadbench": Part(
        "Hothan/OlympiadBench", "train", "olympiadbench.jsonl", olympiad, config="OE_TO_maths_en_COMP"
    ),
    "gsm8k": Part("openai/gsm8k", "test", "gsm8k_test.jsonl", gsm8k, config="main"),
}


def read(source: Source) -> list[Prompt]:
    return read_parts(PARTS, ("aime24", "aime25", "amc23", "hmmt", "brumo"), source)


TASK = Task(
    "math",
    about=f"competition math: {', '.join(PARTS)}",
    read=read,
    samples=16,
    sampling=Sampling(temperature=0.6, top_p=0.95, max_tokens=8192),
    scorer="math",
)
