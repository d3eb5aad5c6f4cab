"""Asking the judge: one question, with its retries (`failures.py` has the rules), or many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from darling_plugin.classifier.label.definitions import Domain
from darling_plugin.classifier.label.endpoint import Endpoint
from darling_plugin.classifier.label.failures import Patience, TryAgainError
from darling_plugin.classifier.label.prompt import Answer, messages, read_answer, response_format

T = TypeVar("T")


@dataclass
class Usage:
    """What was sent and paid for. Tokens are the server's own count; answers without one are in `uncounted`."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0

    def add(self, other: Usage) -> None:
        self.requests += other.requests
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.uncounted += other.uncounted


class Judge:
    """The judge of one domain. `async with judge:` opens its connections; it can be entered again later.

    `usage` counts everything that was ever sent, failed attempts too.
    """

    def __init__(self, endpoint: Endpoint, domain: Domain):
        self.endpoint = endpoint
        self.domain = domain
        self.usage = Usage()
        self._client: Any = None
        self._format = response_format(domain)
        self._patience = Patience(endpoint)

    async def __aenter__(self) -> Judge:
        import openai

        self._client = openai.AsyncOpenAI(
            base_url=self.endpoint.url,
            api_key=self.endpoint.api_key(),
            timeout=self.endpoint.timeout_s,
            max_retries=0,  # `ask` retries: it counts, and it knows nonsense from silence
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.close()
        self._client = None  # it belongs to this event loop and holds the key; what is left can be pickled

    async def ask(self, first: str, second: str, prompt: str | None = None, usage: Usage | None = None) -> Answer:
        """The verdict on (first, second) in this order; what it cost is added to `usage`.

        Raises `NoVerdictError` when this question is to be skipped, `EndpointError` when all are.
        """
        import tenacity

        spent = Usage()
        again = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(TryAgainError),
            stop=self._patience.stop,
            wait=self._patience.wait_s,
            reraise=True,
        )
        try:
            answer: Answer = await again(self._attempt, messages(self.domain, first, second, prompt), spent)
        except TryAgainError as error:
            raise self._patience.given_up(error) from error
        finally:
            self.usage.add(spent)
            if usage is not None:
                usage.add(spent)
        self._patience.verdict()
        return answer

    async def _attempt(self, conversation: list[dict[str, str]], spent: Usage) -> Answer:
        import openai

        spent.requests += 1
        try:
            completion = await self._client.chat.completions.create(
                model=self.endpoint.model,
                messages=conversation,
                response_format=self._format,
                temperature=self.endpoint.temperature,
                seed=self.endpoint.seed,
                max_completion_tokens=self.endpoint.max_tokens,
            )
        except openai.APIConnectionError as error:  # a timeout, too
            raise self._patience.no_connection(error) from error
        except openai.APIStatusError as error:
            self._patience.heard()
            raise self._patience.status(error) from error
        except (json.JSONDecodeError, openai.APIResponseValidationError) as error:
            self._patience.heard()
            raise TryAgainError("nonsense", "the server's reply is no JSON") from error
        self._patience.heard()
        _count(completion, spent)
        return self._read(completion)

    def _read(self, completion: Any) -> Answer:
        # The client checks nothing: any JSON at all can come out of it.
        choices = getattr(completion, "choices", None)
        choice = choices[0] if isinstance(choices, list) and choices else None
        if getattr(choice, "finish_reason", None) == "length":
            remedy = f"raise {self.endpoint.called('max_tokens')}"
            raise TryAgainError("nonsense", f"the answer was cut after {self.endpoint.max_tokens} tokens; {remedy}")
        try:
            return read_answer(self.domain, getattr(getattr(choice, "message", None), "content", None))
        except ValueError as error:
            raise TryAgainError("nonsense", str(error)) from error


async def each(work: Callable[[T], Awaitable[None]], items: Iterable[T], at_once: int) -> None:
    """`await work(item)` for every item, in order, at most `at_once` at a time. The first error ends all and rises."""
    source = iter(items)

    async def worker() -> None:
        for item in source:
            await work(item)

    workers = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _count(completion: Any, spent: Usage) -> None:
    tokens = getattr(completion, "usage", None)
    prompt, answer = (getattr(tokens, name, None) for name in ("prompt_tokens", "completion_tokens"))
    if isinstance(prompt, int) and isinstance(answer, int):
        spent.prompt_tokens += prompt
        spent.completion_tokens += answer
    else:
        spent.uncounted += 1
