"""Asking the judge of one domain whether two texts are the same."""

from __future__ import annotations

from typing import Any

from darling_plugin.endpoint.client import Client, Usage
from darling_plugin.endpoint.endpoint import Endpoint
from darling_plugin.similarity.llm_judge.definitions import Domain
from darling_plugin.similarity.llm_judge.prompt import Answer, messages, read_answer, response_format


class Judge:
    """The judge of one domain. `async with judge:` opens its connections; it can be entered again later."""

    def __init__(self, endpoint: Endpoint, domain: Domain):
        self.endpoint = endpoint
        self.domain = domain
        self._client = Client(endpoint)
        self._format = response_format(domain)

    @property
    def usage(self) -> Usage:
        """Everything that was ever sent, failed attempts too."""
        return self._client.usage

    async def __aenter__(self) -> Judge:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    async def ask(self, first: str, second: str, prompt: str | None = None, usage: Usage | None = None) -> Answer:
        """The verdict on (first, second) in this order; what it cost is added to `usage`.

        Raises `NoVerdictError` when this question is to be skipped, `EndpointError` when all are.
        """
        conversation = messages(self.domain, first, second, prompt)

        def send(api: Any) -> Any:
            return api.chat.completions.create(
                model=self.endpoint.model,
                messages=conversation,
                response_format=self._format,
                temperature=self.endpoint.temperature,
                seed=self.endpoint.seed,
                max_completion_tokens=self.endpoint.max_tokens,
            )

        return await self._client.ask(send, self._read, usage)

    def _read(self, completion: Any) -> Answer:
        # The client checks nothing: any JSON at all can come out of it.
        choices = getattr(completion, "choices", None)
        choice = choices[0] if isinstance(choices, list) and choices else None
        if getattr(choice, "finish_reason", None) == "length":
            remedy = f"raise {self.endpoint.called('max_tokens')}"
            raise ValueError(f"the answer was cut after {self.endpoint.max_tokens} tokens; {remedy}")
        return read_answer(self.domain, getattr(getattr(choice, "message", None), "content", None))
