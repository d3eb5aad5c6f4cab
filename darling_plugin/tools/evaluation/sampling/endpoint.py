"""Samples from an OpenAI-compatible endpoint: one request for each, with a seed of its own.

Not `n` responses a request: many servers refuse that, none lets each have its seed, and a failure would cost them all.
A server with a prefix cache reads the prompt once anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darling_plugin.endpoint.client import first_choice, text_of
from darling_plugin.endpoint.endpoint import Endpoint
from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.client import ask_each, open_client
from darling_plugin.tools.evaluation.prompts import sample_seed
from darling_plugin.tools.evaluation.rows import Row
from darling_plugin.tools.evaluation.sampling import Sampling
from darling_plugin.tools.evaluation.stage import Item, Report


class EndpointSampler:
    """As deterministic as the server: it is sent each sample's seed, and may take no notice."""

    def __init__(self, endpoint: Endpoint, sampling: Sampling, seed: int, task: str):
        if sampling.entropy:
            raise InputError("`--entropy` needs the model itself; remove --url, and set --model to its folder")
        self.endpoint = endpoint
        self.sampling = sampling
        self.seed = seed
        self.task = task

    @property
    def settings(self) -> dict[str, Any]:
        return {"kind": "endpoint", "model": self.endpoint.model} | self.sampling.as_json()

    def __call__(self, items: Sequence[Item], report: Report, /) -> None:
        client = open_client(self.endpoint)

        async def ask(item: Item) -> Row:
            return await client.ask(lambda api: self._send(api, item), self._read, wasted=_wasted)

        ask_each(client, items, report, ask)

    async def _send(self, api: Any, item: Item) -> Any:
        drawn = self.sampling
        # Not of the protocol, so they are sent only where they are wanted.
        beyond: dict[str, Any] = {name: getattr(drawn, name) for name in ("top_k", "min_p") if getattr(drawn, name)}
        settings = {
            "model": self.endpoint.model,
            "temperature": drawn.temperature,
            "top_p": drawn.top_p,
            "seed": sample_seed(self.seed, self.task, item.prompt.id, item.sample),
        }
        if drawn.raw:
            return await api.completions.create(
                **settings, prompt=plain_text(item), max_tokens=drawn.max_tokens, extra_body=beyond
            )
        if drawn.template:
            beyond["chat_template_kwargs"] = drawn.template
        return await api.chat.completions.create(
            **settings, messages=item.prompt.messages, max_completion_tokens=drawn.max_tokens, extra_body=beyond
        )

    def _read(self, completion: Any) -> Row:
        choice = first_choice(completion)
        text = text_of(choice)
        if text is None:
            found = getattr(getattr(choice, "message", None), "content", None)
            raise ValueError(f"expected a text, got {found!r:.200}")
        tokens = getattr(getattr(completion, "usage", None), "completion_tokens", None)
        finish = getattr(choice, "finish_reason", None)
        return {"response": text, "finish": finish, "tokens": tokens if isinstance(tokens, int) else None}


def _wasted(row: Row) -> str | None:
    if row["response"] or row["finish"] == "stop":
        return None
    return f"no text, and finish_reason {row['finish']!r}"


def plain_text(item: Item) -> str:
    if not isinstance(item.prompt.text, str):
        raise InputError(f"{item.prompt.id}: `--raw` continues a text, and this prompt is a list of messages")
    return item.prompt.text
