"""A real HTTP server that answers as an OpenAI-compatible endpoint does, or misbehaves as one can."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from post_server import PostServer

PROMPT_TOKENS, COMPLETION_TOKENS = 100, 7


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One question, as the server read it."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def data(self) -> dict[str, str]:
        """The texts in the user's message."""
        return json.loads(self.body["messages"][1]["content"].split("\n")[0])

    @property
    def texts(self) -> tuple[str, str]:
        return self.data["response_1"], self.data["response_2"]


def completion(content: Any, *, usage: bool = True, finish_reason: str = "stop") -> Reply:
    """What a server says when the model said `content`."""
    message = {"role": "assistant", "content": content}
    body: dict[str, Any] = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "judge",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    if usage:
        total = PROMPT_TOKENS + COMPLETION_TOKENS
        body["usage"] = {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": COMPLETION_TOKENS,
            "total_tokens": total,
        }
    return Reply(200, json.dumps(body).encode())


def verdict(said: str) -> Reply:
    return completion(json.dumps({"verdict": said}))


def same_letter(request: Request) -> Reply:
    """The default judge: texts that begin with the same letter are the same."""
    first, second = request.texts
    return verdict("same" if first[:1] == second[:1] else "different")


def failure(status: int, message: str = "no", **headers: str) -> Reply:
    return Reply(status, json.dumps({"error": {"message": message}}).encode(), headers)


class JudgeServer(PostServer):
    """`answer(request)` gives the reply; None cuts the connection. Set it to what the test is about."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Reply | None] = same_letter
        self.requests: list[Request] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        super().__init__()

    def asked(self) -> Counter[tuple[str, str]]:
        """How often each ordered pair of texts was asked about."""
        return Counter(request.texts for request in self.requests)

    def handle(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        request = Request(body, {name.lower(): value for name, value in handler.headers.items()})
        assert handler.path == "/v1/chat/completions"
        with self._lock:
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            reply = self.answer(request)
        finally:
            with self._lock:
                self.at_once -= 1
        if reply is None:
            handler.close_connection = True
            return
        try:
            handler.send_response(reply.status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(reply.body)
        except (BrokenPipeError, ConnectionResetError):  # a client that was killed, or gave up
            handler.close_connection = True
