"""Requests to one OpenAI-compatible endpoint: one, with its retries (`failures.py` has the rules), or many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from darling_plugin.endpoint.endpoint import Endpoint
from darling_plugin.endpoint.failures import Patience, TryAgainError
from darling_plugin.endpoint.http_rules import BodyTooLargeError, said

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

    def count(self, completion: Any) -> None:
        """The tokens of one answer."""
        tokens = getattr(completion, "usage", None)
        prompt, answer = (getattr(tokens, name, None) for name in ("prompt_tokens", "completion_tokens"))
        if isinstance(prompt, int) and isinstance(answer, int):
            self.prompt_tokens += prompt
            self.completion_tokens += answer
        else:
            self.uncounted += 1


class Client:
    """One endpoint. `async with client:` opens its connections; it can be entered again later.

    `usage` counts everything that was ever sent, failed attempts too. `patience` says what a failure means.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None):
        self.endpoint = endpoint
        self.usage = Usage()
        self._api: Any = None
        self._patience = patience or Patience(endpoint)

    async def __aenter__(self) -> Client:
        import openai

        from darling_plugin.endpoint.bounded_client import bounded_client

        # The library reads these from the environment and sends them to any host.
        unset: Any = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        self._api = openai.AsyncOpenAI(
            base_url=self.endpoint.url,
            api_key=self.endpoint.api_key(),
            timeout=self.endpoint.timeout_s,
            max_retries=0,  # `ask` retries: it counts, and it knows nonsense from silence
            http_client=bounded_client(),
            default_headers=unset,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._api.close()
        self._api = None  # it belongs to this event loop and holds the key; what is left can be pickled

    async def ask(
        self,
        send: Callable[[Any], Awaitable[Any]],
        read: Callable[[Any], T],
        usage: Usage | None = None,
        *,
        wasted: Callable[[T], str | None] = lambda answer: None,
    ) -> T:
        """`read(await send(api))`; a `ValueError` of `read` is nonsense. What it cost is added to `usage`, too.

        `wasted` says why an answer holds nothing: it is returned all the same, and many in a row end the work.

        Raises `NoVerdictError` when this request is to be skipped, `EndpointError` when all are.
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
            answer: T = await again(self._attempt, send, read, spent)
        except TryAgainError as error:
            raise self._patience.given_up(error) from error
        finally:
            self.usage.add(spent)
            if usage is not None:
                usage.add(spent)
        why = wasted(answer)
        if why is None:
            self._patience.verdict()
        else:
            called = self.endpoint.called
            self._patience.useless(why, f"raise {called('max_tokens')}, or turn the model's thinking off")
        return answer

    async def _attempt(self, send: Callable[[Any], Awaitable[Any]], read: Callable[[Any], T], spent: Usage) -> T:
        import openai

        spent.requests += 1
        try:
            # The library's own timeout is of each read: a server that sends a byte now and then would never end.
            completion = await asyncio.wait_for(send(self._api), self.endpoint.timeout_s)
        except asyncio.TimeoutError:
            raise self._patience.timed_out() from None
        except BodyTooLargeError as error:
            self._patience.heard()
            raise TryAgainError("nonsense", str(error)) from None
        except openai.APIConnectionError as error:  # a timeout, too
            if isinstance(error.__cause__, BodyTooLargeError):  # how other versions of the library raise it
                self._patience.heard()
                raise TryAgainError("nonsense", str(error.__cause__)) from None
            raise self._patience.no_connection(error) from error
        except openai.APIStatusError as error:
            self._patience.heard()
            raise self._patience.status(error) from error
        except (ValueError, RecursionError, openai.APIResponseValidationError) as error:  # ValueError: no JSON, no text
            self._patience.heard()
            raise TryAgainError("nonsense", "the server's reply is not JSON") from error
        self._patience.heard()
        spent.count(completion)
        try:
            return read(completion)
        except ValueError as error:
            raise TryAgainError("nonsense", self._patience.clean(error)) from error


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


def first_choice(completion: Any) -> Any:
    """The completion's only choice; raises `ValueError` where there is none. The client checks nothing itself."""
    choices = getattr(completion, "choices", None)
    if not isinstance(choices, list) or not choices:
        error = getattr(completion, "error", None)
        shown = error if error is not None else completion if isinstance(completion, str) else None
        raise ValueError("the server's reply has no choices" + ("" if shown is None else f": {said(shown)}"))
    return choices[0]


def text_of(choice: Any) -> str | None:
    """The text of a choice of a chat, or of a completion; None where it has none.

    A model that was cut while it thought, and one whose answer was filtered, has said nothing: that is "", a text.
    """
    message = getattr(choice, "message", None)
    content = getattr(choice, "text", None) if message is None else getattr(message, "content", None)
    if isinstance(content, list):  # of parts, as some servers have it
        parts: list[Any] = [
            part.get("text") if isinstance(part, dict) else getattr(part, "text", None) for part in content
        ]
        content = "".join(parts) if all(isinstance(part, str) for part in parts) else None
    if content is None and getattr(choice, "finish_reason", None) in ("length", "content_filter"):
        return ""
    return content if isinstance(content, str) else None
