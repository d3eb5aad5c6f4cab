"""A real HTTP server that answers as an OpenAI-compatible endpoint and as a reward model do, or misbehaves."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from post_server import PostServer

Answer = tuple[int, Any] | None
"""(status, body): a body that is a text is sent as it stands, another as JSON; None cuts the connection."""

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def completion(content: Any, finish: str = "stop") -> Answer:
    message = {"role": "assistant", "content": content}
    return 200, {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }


def said(body: dict[str, Any]) -> str:
    """What the user says in a request."""
    return body["messages"][-1]["content"]


def texts(body: dict[str, Any]) -> dict[str, str]:
    """The data in a judge's question."""
    return json.loads(said(body).split("\n")[0])


def a_model(body: dict[str, Any]) -> Answer:
    """Three words that follow from the request's seed alone."""
    seed = body["seed"]
    return completion(" ".join(WORDS[seed // 10**place % 10] for place in range(3)))


class EvalServer(PostServer):
    """`answer(body)` is asked for each request; `requests` has them all."""

    def __init__(self) -> None:
        self.answer: Callable[[dict[str, Any]], Answer] = a_model
        self.requests: list[dict[str, Any]] = []
        super().__init__()

    def handle(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.requests.append(body)
        self._send(handler, self.answer(body))

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer is None:
            handler.close_connection = True
            return
        status, body = answer
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):  # a client that was killed, or gave up
            handler.close_connection = True
