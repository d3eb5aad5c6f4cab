"""Quality and diversity of a policy on Countdown prompts: pass@1, pass@k, and how many different right answers.

    pass@k            unbiased from n samples with c right: 1 − C(n−c, k) / C(n, k)   (Chen et al., arXiv 2107.03374)
    distinct_correct  expected number of different right answers among k samples: Σ over the classes of right answers,
                      x of the n samples each, of 1 − C(n−x, k) / C(n, k)

Nothing right gives 0 for both. All right and all the same: pass@k = distinct_correct = 1.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.task import RESPONSE_LENGTH, verify
from darling_plugin.errors import InputError
from darling_plugin.progress import progress
from recipes.countdown.threads import torch_threads

if TYPE_CHECKING:
    import torch

ROWS = 2048  # sequences generated at once: enough to fill a core, small enough for its caches


@dataclass(frozen=True)
class Evaluation:
    """Means over the prompts; `standard_error` holds each mean's, over prompts (0 with one prompt)."""

    pass_at_1: float
    pass_at_k: float
    distinct_correct: float
    k: int
    samples: int
    prompts: int
    temperature: float
    seed: int
    seconds: float
    standard_error: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """The fields, under the names that the field uses: pass@1 and pass@k."""
        fields = asdict(self)
        return {"pass@1": fields.pop("pass_at_1"), "pass@k": fields.pop("pass_at_k")} | fields


def evaluate(
    model_folder: str | Path,
    prompts: Sequence[Prompt],
    *,
    samples: int = 64,
    k: int = 16,
    temperature: float = 1.0,
    seed: int = 0,
    threads: int = 1,
) -> Evaluation:
    """Sample `samples` responses to each prompt with transformers on the CPU and score them exactly."""
    if not prompts or not 1 <= k <= samples:
        raise InputError(f"Countdown evaluation: got {len(prompts)} prompts, k={k}, samples={samples}; expected at "
                         "least one prompt and 1 <= k <= samples.")  # fmt: skip
    began = time.perf_counter()
    with torch_threads(threads):
        responses = sample(model_folder, prompts, samples=samples, temperature=temperature, seed=seed)
    values: dict[str, list[float]] = {"pass_at_1": [], "pass_at_k": [], "distinct_correct": []}
    for prompt, texts in zip(prompts, responses, strict=True):
        right = [e.form for text in texts if (e := verify(prompt.digits, prompt.target, text)) is not None]
        values["pass_at_1"].append(len(right) / samples)
        values["pass_at_k"].append(pass_at_k(samples, len(right), k))
        values["distinct_correct"].append(sum(pass_at_k(samples, x, k) for x in Counter(right).values()))
    return Evaluation(
        **{name: sum(each) / len(each) for name, each in values.items()},
        k=k,
        samples=samples,
        prompts=len(prompts),
        temperature=temperature,
        seed=seed,
        seconds=time.perf_counter() - began,
        standard_error={name: standard_error(each) for name, each in values.items()},
    )


def sample(
    model_folder: str | Path, prompts: Sequence[Prompt], *, samples: int, temperature: float = 1.0, seed: int = 0
) -> list[list[str]]:
    """`result[i][j]`: response j to prompt i, decoded as verl decodes it (cut at the end token, specials dropped)."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    policy = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    generator = torch.Generator().manual_seed(seed)
    size = max(1, ROWS // samples)
    responses: list[list[str]] = []
    with progress("Evaluating", len(prompts)) as advance:
        for start in range(0, len(prompts), size):
            batch = prompts[start : start + size]
            ids = torch.tensor(tokenizer([prompt.text for prompt in batch])["input_ids"])
            rows = generate(policy, ids, samples, temperature, tokenizer.eos_token_id, generator)
            texts = tokenizer.batch_decode(rows, skip_special_tokens=True)
            responses += [texts[i * samples : (i + 1) * samples] for i in range(len(batch))]
            advance(len(batch))
    return responses


def generate(
    policy, prompts: torch.Tensor, samples: int, temperature: float, end: int, generator: torch.Generator
) -> torch.Tensor:
    """Sample with a key-value cache: each prompt is read once, then copied `samples` times.

    Prompts have one length, so no padding is needed. Returns ids, shape (len(prompts) × samples, ≤ RESPONSE_LENGTH);
    after its end token a row holds only end tokens.
    """
    import torch

    with torch.inference_mode():
        output = policy(input_ids=prompts, use_cache=True, logits_to_keep=1)
        cache, logits = output.past_key_values, output.logits[:, -1].repeat_interleave(samples, dim=0)
        cache.batch_repeat_interleave(samples)
        tokens: list[torch.Tensor] = []
        ended = torch.zeros(len(logits), dtype=torch.bool)
        while True:
            drawn = torch.multinomial(torch.softmax(logits / temperature, dim=-1), 1, generator=generator)[:, 0]
            tokens.append(drawn.masked_fill(ended, end))
            ended |= tokens[-1] == end
            if len(tokens) == RESPONSE_LENGTH or bool(ended.all()):
                return torch.stack(tokens, dim=1)
            logits = policy(input_ids=tokens[-1][:, None], past_key_values=cache, use_cache=True).logits[:, -1]


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of these values; 0 with one."""
    n = len(values)
    if n < 2:
        return 0.0
    mean = sum(values) / n
    return sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)
