"""For --reward.remote_url: 1.0 when the final answer of a response equals the label, by math-verify, else 0.0.

OpenRLHF asks about one response a call, in a thread of each vLLM engine's process. What this raises it only logs, and a
reward is then missing: a label that math-verify cannot read stops the job.
"""

from functools import cache
from typing import Any

from darling_plugin.quality.math_verify import MathVerifier


@cache
def verifier() -> MathVerifier:
    return MathVerifier()


def reward_func(queries: list[str], prompts: list[str], labels: list[str]) -> dict[str, Any]:
    """A query is a prompt and its response, decoded together."""
    import torch

    asked = zip(queries, prompts, labels, strict=True)
    scores = torch.tensor([verifier()(query.removeprefix(prompt), label) for query, prompt, label in asked])
    return {"rewards": scores, "scores": scores, "extra_logs": {}}
