"""The reward function that asks a served reward model, against a server on this machine."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from darling_plugin.errors import ConfigError, DarlingError, InputError
from darling_plugin.quality.reward_model import compute_score, conversation

ANSWER = {"data": [{"probs": [-3.25]}]}


class Tokenizer:
    """Writes a conversation as `<s>role: content|`."""

    bos_token = "<s>"

    def apply_chat_template(self, turns, *, add_generation_prompt, tokenize):
        assert (add_generation_prompt, tokenize) == (False, False)
        return "<s>" + "".join(f"{turn['role']}: {turn['content']}|" for turn in turns)


@pytest.fixture
def serve():
    """serve([(status, answer), …]) -> address, list of requests. The last answer is repeated."""
    servers = []

    def start(answers):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = answers[min(len(asked), len(answers) - 1)]
                asked.append((self.path, body))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"127.0.0.1:{server.server_port}", asked

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def score(address, prompt="Hi?", **options):
    settings = {"model": "rm", "reward_model_tokenizer": Tokenizer(), "first_wait_s": 0.0} | options
    return asyncio.run(
        compute_score("wildchat", "Hello.", None, {"prompt": prompt}, reward_router_address=address, **settings)
    )


def test_the_raw_score_of_the_conversation(serve):
    address, asked = serve([(200, ANSWER)])
    assert score(address) == -3.25
    # The server adds BOS again, so it is not sent.
    sent = {"model": "rm", "input": "user: Hi?|assistant: Hello.|", "use_activation": False}
    assert asked == [("/classify", sent)]


def test_a_conversation_of_several_turns():
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi?"}]
    assert conversation(messages, "", Tokenizer()) == "system: Be brief.|user: Hi?|assistant: |"


def test_a_server_that_is_busy_is_asked_again(serve):
    address, asked = serve([(503, {}), (500, {}), (200, ANSWER)])
    assert score(address) == -3.25
    assert len(asked) == 3


def test_a_server_that_stays_away_is_an_error(serve):
    address, asked = serve([(500, {"error": "out of memory"})])
    with pytest.raises(DarlingError, match=r"/classify: HTTP 500: .*out of memory"):
        score(address, attempts=2)
    assert len(asked) == 2
    with pytest.raises(DarlingError, match=r"ConnectError.*possible cause is a conversation.*max_model_len"):
        score("127.0.0.1:1", attempts=1)


def test_a_refused_request_is_not_repeated(serve):
    address, asked = serve([(400, {"error": "no such model"})])
    with pytest.raises(DarlingError, match=r"HTTP 400: .*no such model"):
        score(address)
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [{}, {"data": []}, {"data": [{"probs": [None]}]}])
def test_an_answer_without_a_number(serve, answer):
    address, _ = serve([(200, answer)])
    with pytest.raises(DarlingError, match=r"data\[-1\].probs\[-1\] to be a number"):
        score(address)


@pytest.mark.parametrize("prompt", [None, []])
def test_a_row_without_its_prompt(prompt):
    with pytest.raises(InputError, match=r"extra_info.prompt: a row of data_source='wildchat' has none"):
        score("127.0.0.1:1", prompt=prompt)


def test_what_is_not_set():
    with pytest.raises(ConfigError, match=r"Set reward.reward_model.enable=true"):
        score(None)
    with pytest.raises(ConfigError, match=r"reward_kwargs.model: not set"):
        score("127.0.0.1:1", model=None)
