"""An HTTP client that follows no redirect and reads no body larger than `http_rules.MOST_BODY`."""

from __future__ import annotations

from typing import Any


def bounded_client() -> Any:
    """An `httpx.AsyncClient`. A redirect would send the texts to another host, so it is an answer like any other."""
    import httpx

    from darling_plugin.endpoint.http_rules import bounded

    class BoundedClient(httpx.AsyncClient):
        async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
            # Decompressed block by block, so that a small body cannot become a large one.
            streamed = await super().send(request, stream=True, **options)
            try:
                body = await bounded(streamed.aiter_bytes(), str(request.url))
            finally:
                await streamed.aclose()
            left_out = {"content-encoding", "content-length", "transfer-encoding"}
            headers = [(name, value) for name, value in streamed.headers.multi_items() if name not in left_out]
            return httpx.Response(
                streamed.status_code, headers=headers, content=body, request=request, extensions=streamed.extensions
            )

    return BoundedClient(
        follow_redirects=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=256)
    )
