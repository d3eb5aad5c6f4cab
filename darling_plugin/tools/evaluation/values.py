"""The metrics of each prompt, from an evaluation's rows.

What is missing is left out, never counted as 0:

- pass@k and maj@k are of the n′ ≤ n responses that were scored, unbiased where what is missing is missing by chance;
  a prompt with n′ < k has no value.
- what moves with the number of responses (distinct_k, utility_k, distinct 4-grams, diversity of the correct ones) is of
  prompts that have all of them alone; cov@N of those with at least N correct ones.
- means (score, tokens, win rate) are of what is there.

`docs/metrics.md` has the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.evaluation.cov_at_n import cov_at_n
from darling_plugin.evaluation.lexical_diversity import distinct_n
from darling_plugin.evaluation.maj_at_k import maj_at_k
from darling_plugin.evaluation.novelty import ATHENE_8B, SKYWORK_GEMMA_2_27B, distinct_k, reward_to_score, utility_k
from darling_plugin.evaluation.semantic import distinct_correct, effective_semantic_diversity
from darling_plugin.form.words import words
from darling_plugin.tools.evaluation.folder import Folder
from darling_plugin.tools.evaluation.judging.win_rates import Pair
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.rows import Row

SCALES = {"skywork": SKYWORK_GEMMA_2_27B, "athene": ATHENE_8B}
MOST_VOTES = 256  # samples up to which maj@k is exact in less than a second


@dataclass(frozen=True)
class Responses:
    """What is known of one prompt's responses. The lists have the length n; None stands for what is missing."""

    prompt: Prompt
    samples: Sequence[Row | None]
    scores: Sequence[Row | None]
    classes: Sequence[int] | None
    pairs: Sequence[Pair]
    binary: bool
    scale: str | None


def read(folder: Folder) -> list[Responses]:
    """Every prompt of the evaluation, in order."""
    samples, scores, classes, pairs = (folder.rows(stage) for stage in ("samples", "scores", "classes", "pairwise"))
    scoring: dict[str, Any] = folder.settings["scoring"] or {}
    found = []
    for prompt in folder.prompts:
        keys = [(prompt.id, sample) for sample in range(folder.samples)]
        own = classes.get((prompt.id, -1))
        found.append(
            Responses(
                prompt,
                [samples.get(key) for key in keys],
                [scores.get(key) for key in keys],
                None if own is None else own["classes"],
                [Pair.of(pairs[key]) for key in keys if key in pairs],
                folder.settings["binary"],
                scoring.get("scale"),
            )
        )
    return found


def powers(n: int) -> list[int]:
    """1, 2, 4 … up to n, and n."""
    ks = [1 << bit for bit in range(n.bit_length()) if 1 << bit <= n]
    return ks if ks[-1] == n else [*ks, n]


def values(of: Responses) -> dict[str, float]:
    """Name → value; a metric that has no value for this prompt is not there."""
    return _quality(of) | _pairwise(of) | _diversity(of) | _texts(of)


def _texts(of: Responses) -> dict[str, float]:
    there = [row for row in of.samples if row is not None]
    found: dict[str, float] = {}
    if not there:
        return found
    found["characters"] = _mean([len(row["response"]) for row in there])
    tokens = [row["tokens"] for row in there if row["tokens"] is not None]
    if tokens:
        found["tokens"] = _mean(tokens)
    if all(row["finish"] is not None for row in there):
        found["cut"] = _mean([row["finish"] == "length" for row in there])
    if all("entropy" in row for row in there) and sum(row["tokens"] for row in there):
        # Each token counts alike, as `sampled_entropy` has it.
        found["entropy"] = sum(row["entropy"] * row["tokens"] for row in there) / sum(row["tokens"] for row in there)
    texts = [row["response"] for row in there]
    if len(there) == len(of.samples) > 1 and any(len(words(text)) >= 4 for text in texts):
        found["distinct 4-grams"] = distinct_n(texts, 4)
    return found


def _quality(of: Responses) -> dict[str, float]:
    there = [row for row in of.scores if row is not None]
    if not there:
        return {}
    if not of.binary:
        scores = [row["score"] for row in there]
        return {"score": _mean(scores)} | ({"best score": max(scores)} if len(there) == len(of.scores) > 1 else {})
    n = len(of.scores)
    correct = [row["score"] > 0 for row in there]
    found = {f"pass@{k}": pass_at_k(len(there), sum(correct), k) for k in powers(n) if k <= len(there)}
    if "answer" in there[0] and len(there) <= MOST_VOTES:
        # The right ones are one answer, however they are written.
        answers = [
            ("right", "") if right else None if row["answer"] is None else ("wrong", row["answer"])
            for row, right in zip(there, correct, strict=True)
        ]
        found |= {f"maj@{k}": maj_at_k(answers, correct, k) for k in powers(n) if 2 < k <= len(there)}
    return found


def _diversity(of: Responses) -> dict[str, float]:
    n = len(of.samples)
    if of.classes is None:
        return {}
    found: dict[str, float] = {f"distinct_{n}": distinct_k(of.classes)}
    scores = [row["score"] for row in of.scores if row is not None]
    if len(scores) < n:
        return found
    if of.binary:
        correct = [score > 0 for score in scores]
        right = sum(correct)  # Cov@N is unbiased only where N correct samples are there
        found |= {f"cov@{k}": cov_at_n(of.classes, correct, k) for k in powers(n) if 1 < k <= right}
        found |= {f"distinct correct@{k}": distinct_correct(of.classes, correct, k) for k in powers(n) if k > 1}
        if n > 1:
            found["semantic diversity"] = effective_semantic_diversity(of.classes, correct).pair
    elif of.scale is not None:
        found[f"utility_{n}"] = utility_k(of.classes, reward_to_score(scores, SCALES[of.scale]))
    return found


def _pairwise(of: Responses) -> dict[str, float]:
    if not of.pairs:
        return {}
    return {
        "win rate": _mean([pair.win_rate for pair in of.pairs]),
        "first shown": _mean([pair.first_shown for pair in of.pairs]),
        "orders agree": _mean([pair.agree for pair in of.pairs]),
    }


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
