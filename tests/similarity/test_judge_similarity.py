"""The LLM judge in a training run: over real HTTP, from a thread without an event loop."""

import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from darling_plugin import partition
from darling_plugin.config import ServiceSettings
from darling_plugin.core import PartitionRule
from darling_plugin.errors import ConfigError, SimilarityError
from darling_plugin.service.build import start_service
from darling_plugin.similarity import Similarity
from darling_plugin.similarity.llm_judge.similarity import JudgeSimilarity


def longer_or_equal(first, second):
    """A judge that holds a text equivalent to any that is no longer: both orders agree on equal lengths alone."""
    return json.dumps({"verdict": "same" if len(first) >= len(second) else "different"})


@pytest.fixture
def server(monkeypatch):
    """A server whose model says `server.say(first, second)`; an integer is an HTTP status."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    state = SimpleNamespace(say=longer_or_equal, asked=[], systems=set())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            system, user = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
            texts = json.loads(user["content"].split("\n")[0])
            assert texts.keys() == {"response_1", "response_2"}  # no prompt is known
            state.systems.add(system["content"])
            state.asked.append(tuple(texts.values()))
            said = state.say(*texts.values())
            status, said = (said, "") if isinstance(said, int) else (200, said)
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
            usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
            body = json.dumps({"choices": [choice], "usage": usage}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/v1"

    def close():
        http.shutdown()
        http.server_close()
        thread.join()

    state.close = close
    yield state
    close()


def test_is_a_similarity(server):
    judge = JudgeSimilarity("judge", server.url)
    assert isinstance(judge, Similarity)
    assert (judge.default_threshold, judge.short_text_rule) == (0.5, "form")


def test_probability_is_the_mean_over_both_orders(server):
    judge = JudgeSimilarity("judge", server.url)
    # (aa, bb): same, same. (aa, b): same, then different. Identical texts are not asked.
    assert judge([("aa", "bb"), ("aa", "b"), ("a", "bb"), ("c", "c")]).tolist() == [1.0, 0.5, 0.5, 1.0]
    server.say = lambda first, second: json.dumps({"verdict": "different"})
    assert judge([("aa", "bb")]).tolist() == [0.0]
    assert {("aa", "bb"), ("bb", "aa")} <= set(server.asked)
    assert judge.usage.requests == 8 and judge.usage.prompt_tokens == 80


def test_no_pairs_ask_nothing(server):
    assert JudgeSimilarity("judge", server.url)([]).shape == (0,)
    assert JudgeSimilarity("judge", server.url)([("a", "a")]).tolist() == [1.0]
    assert server.asked == []


def test_one_order_is_not_enough_to_join_a_class(server):
    judge = JudgeSimilarity("judge", server.url)
    # Six words: `partition` settles short texts by a rule of its own.
    texts = [f"{text} two three four five six" for text in ("aa", "bb", "c", "aa")]
    labels = partition(texts, ["u"] * 4, judge, threshold=judge.default_threshold)
    assert labels.tolist() == [0, 0, 1, 0]


def test_called_from_another_thread_and_again_after_a_pickle(server):
    judge = JudgeSimilarity("judge", server.url)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(judge, [("aa", "bb")]).result().tolist() == [1.0]
    assert pickle.loads(pickle.dumps(judge))([("aa", "b")]).tolist() == [0.5]


def test_each_domain_has_its_definition(server):
    server.say = lambda first, second: json.dumps({"reason": "Both add.", "verdict": "same"})
    assert JudgeSimilarity("judge", server.url, domain="maths")([("a", "b")]).tolist() == [1.0]
    assert "strategies" in server.systems.pop()


@pytest.mark.parametrize("said", ["the same", 400, 401, 404, 500])
def test_no_verdict_is_an_error_and_no_guess(server, said):
    server.say = lambda first, second: said if "bad" in (first, second) else longer_or_equal(first, second)
    judge = JudgeSimilarity("judge", server.url, deadline_s=0.0)
    with pytest.raises(SimilarityError, match=f"the judge 'judge' at {server.url} gave no verdict on . of 4 questions"):
        judge([("a", "b"), ("bad", "b")])
    # The next step may find it well again.
    np.testing.assert_array_equal(judge([("a", "b")]), [1.0])


def test_a_dead_endpoint_says_which_setting(server):
    judge = JudgeSimilarity("judge", server.url)
    server.close()
    with pytest.raises(
        SimilarityError, match=r"requests in a row had no answer .*start the server, or set darling\.similarity\.url"
    ):
        judge([("a", "b")] * 5)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"url": ""}, "url"),
        ({"url": "host:8000"}, "url"),
        ({"url": None}, "url"),
        ({"model": ""}, "model"),
        ({"model": None}, "model"),
        ({"domain": "poetry"}, "domain"),
        ({"api_key_env": "NO_SUCH_KEY"}, "api_key_env"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_asked(settings, key):
    with pytest.raises(ConfigError, match=rf"`darling\.similarity\.{key}`"):
        JudgeSimilarity(**{"model": "judge", "url": "http://127.0.0.1:1/v1"} | settings)


def refuses_some(*refused):
    """A judge that says "same", but refuses (HTTP 400) a question in which the first response is one of these."""
    return lambda first, second: 400 if first in refused else json.dumps({"verdict": "same"})


def test_a_share_of_missing_verdicts_counts_as_distinct(server, caplog):
    judge = JudgeSimilarity("judge", server.url, max_missing=0.25)
    server.say = refuses_some("a")
    # 4 questions, of which 1 has no verdict and 1 may: (a, b) is "same" in one order only.
    assert judge([("a", "b"), ("c", "d")]).tolist() == [0.5, 1.0]
    assert judge.missing == 1 and "1 of 4 questions" in caplog.text
    server.say = refuses_some("a", "c")
    with pytest.raises(SimilarityError, match=r"2 of 4 questions .*darling.similarity.max_missing=0.25"):
        judge([("a", "b"), ("c", "d")])


def test_without_a_share_one_missing_verdict_is_an_error(server):
    server.say = refuses_some("a")
    with pytest.raises(SimilarityError, match="1 of 4 questions"):
        JudgeSimilarity("judge", server.url, max_missing=0.0)([("a", "b"), ("c", "d")])


def test_a_service_asks_as_many_questions_at_once_as_it_may_whatever_their_length(server):
    # 16 questions wait for each other: fewer at once would never pass, and the test would hang at the barrier's limit.
    barrier = threading.Barrier(16, timeout=30)

    def together(first, second):
        barrier.wait()
        return json.dumps({"verdict": "different"})

    server.say = together
    judge = JudgeSimilarity("judge", server.url, concurrency=16)
    service = start_service(judge, PartitionRule(0.5, "form"), ServiceSettings(backend="local"), backend="local")
    try:
        pairs = [(f"{k} " + "long " * 7000, "b") for k in range(8)]  # two questions each
        assert service.probabilities(pairs).tolist() == [0.0] * 8
    finally:
        service.close()
