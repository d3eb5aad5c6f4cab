"""Requests to one OpenAI-compatible endpoint, with their retries.

What an endpoint is, and what a failure means (asked again, skipped, or the end of it all), is that of
`darling classifier label`: `classifier/label/endpoint.py` and `failures.py`. One thing differs: there, three questions
in a row without an answer mean a dead endpoint. Here many requests are of one prompt, and a prompt that a server cannot
take must not end the others: it takes as many as two rounds of all that are asked at once, and at least ten.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from darling_plugin.classifier.label.ask import Usage, each
from darling_plugin.classifier.label.endpoint import Endpoint
from darling_plugin.classifier.label.failures import EndpointError, NoVerdictError, Patience, TryAgainError
from darling_plugin.evaluation.run.rows import Row
from darling_plugin.evaluation.run.stage import Item, Report

T = TypeVar("T")


class LongPatience(Patience):
    """`Patience` with another idea of a dead endpoint."""

    def __init__(self, endpoint: Endpoint):
        super().__init__(endpoint)
        self._most = dead_after(endpoint.concurrency)
        self._in_a_row = 0

    def verdict(self) -> None:
        super().verdict()
        self._in_a_row = 0

    def given_up(self, error: TryAgainError) -> Exception:
        if error.kind != "no answer":
            return super().given_up(error)
        self._in_a_row += 1
        if self._in_a_row < self._most:
            return NoVerdictError(error.kind, str(error))
        called = self.endpoint.called
        return EndpointError(
            f"{self.endpoint.url}: {self._in_a_row} requests in a row were given up, each after "
            f"{self.endpoint.deadline_s:g} s (the last: {error}); look at the server, then lower "
            f"{called('concurrency')} or raise {called('deadline_s')}"
        )


def dead_after(at_once: int) -> int:
    """Items given up in a row that mean a dead endpoint."""
    return max(10, 2 * at_once)


class Client:
    """One endpoint. `async with client:` opens its connections. `usage` counts all that was sent, failures too."""

    def __init__(self, endpoint: Endpoint):
        self.endpoint = endpoint
        self.usage = Usage()
        self._api: Any = None
        self._patience = LongPatience(endpoint)

    async def __aenter__(self) -> Client:
        import openai

        self._api = openai.AsyncOpenAI(
            base_url=self.endpoint.url,
            api_key=self.endpoint.api_key(),
            timeout=self.endpoint.timeout_s,
            max_retries=0,  # `ask` retries: it knows nonsense from silence
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._api.close()
        self._api = None

    async def ask(self, send: Callable[[Any], Awaitable[Any]], read: Callable[[Any], T]) -> T:
        """`read(await send(api))`, tried again as `failures.py` says; a `ValueError` of `read` is nonsense.

        Raises `NoVerdictError` when this request is to be given up, `EndpointError` when all are.
        """
        import tenacity

        again = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(TryAgainError),
            stop=self._patience.stop,
            wait=self._patience.wait_s,
            reraise=True,
        )
        try:
            answer: T = await again(self._attempt, send, read)
        except TryAgainError as error:
            raise self._patience.given_up(error) from error
        self._patience.verdict()
        return answer

    async def _attempt(self, send: Callable[[Any], Awaitable[Any]], read: Callable[[Any], T]) -> T:
        import openai

        self.usage.requests += 1
        try:
            completion = await send(self._api)
        except openai.APIConnectionError as error:  # a timeout, too
            raise self._patience.no_connection(error) from error
        except openai.APIStatusError as error:
            self._patience.heard()
            raise self._patience.status(error) from error
        except (json.JSONDecodeError, openai.APIResponseValidationError) as error:
            self._patience.heard()
            raise TryAgainError("nonsense", "the server's reply is no JSON") from error
        self._patience.heard()
        self._count(getattr(completion, "usage", None))
        try:
            return read(completion)
        except ValueError as error:
            raise TryAgainError("nonsense", str(error)) from error

    def _count(self, tokens: Any) -> None:
        prompt, answer = (getattr(tokens, name, None) for name in ("prompt_tokens", "completion_tokens"))
        if isinstance(prompt, int) and isinstance(answer, int):
            self.usage.prompt_tokens += prompt
            self.usage.completion_tokens += answer
        else:
            self.usage.uncounted += 1


def ask_each(client: Client, items: Sequence[Item], report: Report, ask: Callable[[Item], Awaitable[Row]]) -> None:
    """Report `await ask(item)` for every item, as many at once as the endpoint takes.

    An item that is given up is reported as failed; an endpoint that is given up is an `EndpointError`. The samples of a
    prompt are asked far apart, as they are likely to fail together.
    """

    async def one(item: Item) -> None:
        try:
            row = await ask(item)
        except NoVerdictError as error:
            report.failed(item, error.kind, str(error))
        else:
            report.done(item, row)

    async def all_of_them() -> None:
        async with client:
            await each(one, sorted(items, key=lambda item: item.sample), client.endpoint.concurrency)

    asyncio.run(all_of_them())


def first_choice(completion: Any) -> Any:
    """The completion's only choice; raises `ValueError` where there is none. The client checks nothing itself."""
    choices = getattr(completion, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise ValueError("the server's reply has no choices")
    return choices[0]
