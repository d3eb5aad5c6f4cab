"""A reward model that is served over HTTP: vLLM's `/classify`, or verl's router in front of several.

    vllm serve Skywork/Skywork-Reward-V2-Llama-3.1-8B --runner pooling --port 8001

Asked as in training (`quality/reward_model.py`): the conversation in the model's chat template, without activation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from darling_plugin.core import checks
from darling_plugin.endpoint.client import each
from darling_plugin.endpoint.failures import EndpointError
from darling_plugin.errors import ConfigError, DarlingError, InputError
from darling_plugin.quality.reward_model import ATTEMPTS, compute_score
from darling_plugin.tools.evaluation.client import dead_after
from darling_plugin.tools.evaluation.scoring.reward_tokenizer import reward_tokenizer
from darling_plugin.tools.evaluation.stage import Item, Report


class RewardEndpoint:
    """The score of each response by a served reward model; one that it refuses is missing.

    Args:
        url: such as http://localhost:8001.
        model: the name that it is served under.
        tokenizer: the folder or the name of the reward model, for its chat template; `model` by default.
        at_once: requests in flight.
        attempts: requests for one response before it is given up.
        first_wait_s: before the second attempt; doubled each time.
    """

    binary = False

    def __init__(
        self,
        url: str,
        model: str,
        tokenizer: str | None = None,
        *,
        at_once: int = 16,
        attempts: int = ATTEMPTS,
        first_wait_s: float = 1.0,
    ):
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.netloc or "@" in parts.netloc or parts.path.strip("/") or parts.query:
            raise ConfigError(
                "`--reward-url` must have the form http://host:port, without a path: `/classify` is added to it"
            )
        self.address = parts.netloc
        self.model = model
        self.tokenizer = tokenizer or model
        self.at_once = checks.at_least_one("--concurrency", at_once)
        self.attempts = attempts
        self.first_wait_s = first_wait_s

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "reward model", "served": True, "model": self.model}

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        tokenizer = reward_tokenizer(self.tokenizer, "--reward-tokenizer")
        in_a_row = 0

        async def one(item: Item) -> None:
            nonlocal in_a_row
            try:
                score = await compute_score(
                    item.prompt.source, item.response, None, {"prompt": item.prompt.messages},
                    model=self.model, reward_router_address=self.address, reward_model_tokenizer=tokenizer,
                    attempts=self.attempts, first_wait_s=self.first_wait_s,
                )  # fmt: skip
            except (ConfigError, InputError):
                raise
            except DarlingError as error:
                in_a_row += 1
                report.failed(item, "no score", str(error))
                if in_a_row >= dead_after(self.at_once):
                    raise EndpointError(
                        f"`--reward-url`: no score for {in_a_row} responses in a row (the last: {error})"
                    ) from None
            else:
                in_a_row = 0
                report.done(item, {"score": score})

        asyncio.run(each(one, items, self.at_once))
