"""Who writes the responses.

    vllm.py            a model, by vLLM in a process of its own; engine_process.py is that process
    endpoint.py        any OpenAI-compatible endpoint
    given.py           a file of existing responses, or another evaluation's folder

Each is a worker (`stage.py`) whose rows are {"response", "finish", "tokens"}; `finish` is "stop", or "length" for one
that was cut. vLLM adds "entropy" where it was asked for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from darling_plugin.core import checks
from darling_plugin.errors import InputError


@dataclass(frozen=True)
class Sampling:
    """How a response is drawn. The seed of each is `prompts.sample_seed`.

    Args:
        temperature: 0 takes the likeliest token.
        top_p, top_k, min_p: which tokens may come: 1, 0 and 0 leave out none.
        max_tokens: of a response; a longer one is cut.
        raw: continue the prompt's text as it stands; otherwise the model's chat template is applied.
        template: further variables of the chat template, such as {"enable_thinking": false}.
        entropy: write the mean of −log P of each response's tokens.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int = 1024
    raw: bool = False
    template: dict[str, Any] = field(default_factory=dict)
    entropy: bool = False

    def __post_init__(self) -> None:
        checks.at_least_one("--max-tokens", self.max_tokens)
        checks.fraction("--min-p", self.min_p)
        if checks.number("--temperature", self.temperature) < 0:
            raise InputError(f"`--temperature` must be at least 0, got {self.temperature!r}")
        if not 0 < checks.number("--top-p", self.top_p) <= 1:
            raise InputError(f"`--top-p` must be above 0 and at most 1, got {self.top_p!r}")
        if self.top_k < 0:
            raise InputError(f"`--top-k` must be at least 0, got {self.top_k!r}; 0 leaves out no token")
        if self.entropy and (self.temperature, self.top_p, self.top_k, self.min_p) != (1, 1, 0, 0):
            raise InputError(
                "`--entropy` measures the model's distribution and needs --temperature 1 --top-p 1 --top-k 0 --min-p 0"
            )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
