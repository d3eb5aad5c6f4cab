"""What a reward model's server may do: be full for a moment, answer nonsense, refuse, send without an end."""

import asyncio
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from darling_plugin.errors import DarlingError
from darling_plugin.quality.reward_model import compute_score

pytest.importorskip("aiohttp")
GOOD = (200, json.dumps({"data": [{"probs": [0.25]}]}))


class Template:
    """A tokenizer, as far as it is needed."""

    bos_token = None

    def apply_chat_template(self, turns, **_):
        return " ".join(turn["content"] for turn in turns)


@pytest.fixture
def ask():
    """ask(answer, …): the score, and the number of requests, of a server that gives these answers in turn."""
    servers = []

    def run(*answers):
        waiting = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                requests.append(status)
                self.send_response(status)
                self.send_header("Retry-After", "0")
                self.end_headers()
                with suppress(BrokenPipeError, ConnectionResetError):
                    if body is not None:
                        self.wfile.write(body.encode())
                        return
                    while True:
                        self.wfile.write(b" " * (1 << 20))

            def log_message(self, *args):
                pass

        requests = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        score = asyncio.run(
            compute_score(
                "s", "an answer", None, {"prompt": "a question"}, model="m", attempts=3, first_wait_s=0.0,
                reward_router_address=f"127.0.0.1:{server.server_port}", reward_model_tokenizer=Template(),
            )
        )  # fmt: skip
        return score, len(requests)

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "first",
    [
        (429, "busy"),
        (408, ""),
        (425, ""),
        (500, "oh"),
        (503, ""),
        (200, '{"data": ['),
        (200, "[" * 200_000),
        (200, None),
    ],
)
def test_what_may_be_better_next_time_is_asked_again(ask, first):
    if first[1] is None:
        with pytest.raises(DarlingError, match="the answer is larger than 16 MB"):
            ask(first)
        return
    assert ask(first, GOOD) == (0.25, 2)


@pytest.mark.parametrize("first", [(400, "no"), (404, "no"), (422, "no"), (307, "elsewhere")])
def test_what_is_refused_is_not(ask, first):
    with pytest.raises(DarlingError, match=f"HTTP {first[0]}"):
        ask(first, GOOD)


def test_a_server_that_stays_full_is_an_error_with_its_words(ask):
    with pytest.raises(DarlingError, match="HTTP 429: busy"):
        ask((429, "busy"))
