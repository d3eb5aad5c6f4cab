"""All items of a stage, asked of one endpoint (`darling_plugin/endpoint/`).

One rule differs from that module's: there, three questions in a row without an answer mean a dead endpoint. Here
many requests are of one prompt, and a prompt that a server cannot take must not end the others: it takes as many as two
rounds of all that are asked at once, and at least ten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from darling_plugin.endpoint.client import Client, each
from darling_plugin.endpoint.endpoint import Endpoint
from darling_plugin.endpoint.failures import EndpointError, NoVerdictError, Patience, TryAgainError
from darling_plugin.tools.evaluation.rows import Row
from darling_plugin.tools.evaluation.stage import Item, Report


class LongPatience(Patience):
    """`Patience` with another idea of a dead endpoint."""

    def __init__(self, endpoint: Endpoint):
        super().__init__(endpoint)
        self._most = dead_after(endpoint.concurrency)
        self._in_a_row = 0

    def verdict(self) -> None:
        super().verdict()
        self._in_a_row = 0

    def useless(self, why: str, remedy: str) -> None:
        self._in_a_row = 0
        super().useless(why, remedy)

    def given_up(self, error: TryAgainError) -> Exception:
        if error.kind != "no answer":
            return super().given_up(error)
        self._in_a_row += 1
        if self._in_a_row < self._most:
            return NoVerdictError(error.kind, str(error))
        called = self.endpoint.called
        return EndpointError(
            f"{self.endpoint.url}: {self._in_a_row} requests in a row were given up, each after "
            f"{self.endpoint.deadline_s:g} s (the last: {error}); check the server, then lower "
            f"{called('concurrency')} or raise {called('deadline_s')}"
        )


def dead_after(at_once: int) -> int:
    """Items given up in a row that mean a dead endpoint."""
    return max(10, 2 * at_once)


def open_client(endpoint: Endpoint) -> Client:
    """A client of this endpoint, with that patience."""
    return Client(endpoint, LongPatience(endpoint))


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
