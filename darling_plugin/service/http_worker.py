"""A server that is already running, such as `vllm serve … --runner pooling`, as a worker."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from darling_plugin.endpoint.http_rules import is_retried
from darling_plugin.service.protocols import Wire
from darling_plugin.service.worker import RefusedError, WorkerError
from darling_plugin.similarity.classifier.memory import Item

HEALTH_S = 5.0
SHOWN = 200  # characters of a server's message


class HttpWorker:
    """One server.

    Args:
        url: such as http://host:8000.
        open_wire: makes what turns pairs into requests; called by the first batch, in a thread.
        api_key: sent as a bearer token.
    """

    def __init__(self, url: str, open_wire: Callable[[], Wire], api_key: str | None = None):
        self.name = url.rstrip("/")
        self.tally = Counter[str]()
        self._open_wire = open_wire
        self._key = api_key

    @cached_property
    def _wire(self) -> Wire:
        return self._open_wire()

    @cached_property
    def _client(self) -> Any:
        import httpx

        # No timeout: the pool has one. No proxy: these are servers of the cluster's own.
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return httpx.AsyncClient(base_url=self.name, timeout=None, trust_env=False, headers=headers)

    async def answer(self, items: Sequence[Item]) -> list[list[float]]:
        import httpx

        request = await asyncio.to_thread(lambda: self._wire.request(items))
        try:
            response = await self._client.post(f"/{request.path}", json=request.body)
        except httpx.TransportError as error:
            raise WorkerError(f"{type(error).__name__} {error}".strip()) from error
        if response.status_code != 200 and not is_retried(response.status_code):
            raise RefusedError(
                f"{self.name}/{request.path} refused the request with HTTP {response.status_code}: "
                f"{_message(response)}. It must serve the model that darling.similarity.model names, with `--runner "
                "pooling`, and take the key in darling.service.api_key_env"
            )
        if response.status_code != 200:
            raise WorkerError(f"HTTP {response.status_code}: {_message(response)}")
        try:
            rows = await asyncio.to_thread(lambda: self._wire.rows(response.json()))
            self.tally = Counter(truncated=self._wire.truncated)
            return rows
        except (KeyError, TypeError, ValueError) as error:
            raise WorkerError(f"its reply cannot be read: {type(error).__name__} {error}") from error

    async def load(self) -> None:
        import httpx

        try:
            status = (await self._client.get("/health", timeout=HEALTH_S)).status_code
        except httpx.TransportError as error:
            raise WorkerError(f"{type(error).__name__} {error}".strip()) from error
        if status != 200:
            raise WorkerError(f"/health returned HTTP {status}")

    async def reset(self) -> None:
        """Nothing to do: closing the connection canceled the request, and the server is not ours to restart."""

    async def close(self) -> None:
        if "_client" in vars(self):
            await self._client.aclose()


def _message(response: Any) -> str:
    """The server's message about an error, without the request, which holds texts."""
    try:
        said = response.json()
        said = said.get("error", said) if isinstance(said, dict) else said
        said = said.get("message", said) if isinstance(said, dict) else said
        return str(said)[:SHOWN]
    except json.JSONDecodeError:
        return response.text[:SHOWN]
