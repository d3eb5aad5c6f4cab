"""A real HTTP server whose model name says how it misbehaves; `tests/helpers` is on the path of every test.

answers five      r"\boxed{5}"
cut odd           nothing but thoughts where the request's seed is odd, cut at the limit
cut always        the same for every request
parts             the text as a list of parts
null              content null, finish_reason stop
refuse            422 with the server's own words, in which there is an escape sequence
busy              429 with Retry-After: 0, every other request
broken            200 and half a JSON object, every other request
deep              200 and thousands of brackets
drip              a byte at a time, never a whole answer
huge              a body without an end
redirect          307 to another path of this server, `/v1/elsewhere`
odd error         200 with {"error": …} and no choices
"""

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from post_server import PostServer

WORDS = "seed is not a thing that this server knows \x1b[2J"


class UnrulyServer(PostServer):
    """`requests` holds (path, headers, body) of every request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.closing = threading.Event()
        super().__init__()

    def close(self) -> None:
        self.closing.set()
        super().close()

    def handle(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append((handler.path, headers, body))
        with suppress(BrokenPipeError, ConnectionResetError):  # the client gave up, as it should
            self._answer(handler, str(body.get("model", "")), body)

    def _answer(self, handler: BaseHTTPRequestHandler, model: str, body: dict[str, Any]) -> None:
        every_other = len(self.requests) % 2 == 1
        text = r"\boxed{5}"
        if model == "cut always" or (model == "cut odd" and body["seed"] % 2):
            _send(handler, 200, _chat(None, "length"))
        elif model == "parts":
            _send(handler, 200, _chat([{"type": "text", "text": r"\boxed"}, {"type": "text", "text": "{5}"}]))
        elif model == "null":
            _send(handler, 200, _chat(None, "stop"))
        elif model == "refuse":
            _send(handler, 422, {"detail": WORDS})
        elif model == "busy" and every_other:
            _send(handler, 429, {"error": {"message": "busy"}}, {"Retry-After": "0"})
        elif model == "broken" and every_other:
            _send(handler, 200, '{"choices": [')
        elif model == "deep":
            _send(handler, 200, "[" * 200_000)
        elif model == "redirect":
            _send(handler, 307, {}, {"Location": "/v1/elsewhere"})
        elif model == "odd error":
            _send(handler, 200, {"error": {"message": "overloaded", "code": 503}})
        elif model in ("drip", "huge"):
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(1 << 34))
            handler.end_headers()
            block = b" " if model == "drip" else b" " * (1 << 20)
            while not self.closing.wait(0.02 if model == "drip" else 0):
                handler.wfile.write(block)
        else:
            _send(handler, 200, _chat(text, "stop"))


def _chat(content: Any, finish: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
    usage = {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def _send(handler: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
