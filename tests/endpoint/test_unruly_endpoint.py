"""One request to a server that misbehaves: what is asked again, what is given up, what is read of it."""

import asyncio

import pytest
from unruly_server import UnrulyServer

from darling_plugin.endpoint.client import Client, first_choice, text_of
from darling_plugin.endpoint.endpoint import Endpoint
from darling_plugin.endpoint.failures import EndpointError, NoVerdictError
from darling_plugin.endpoint.http_rules import is_retried, retry_after_s, said


@pytest.fixture
def server():
    server = UnrulyServer()
    yield server
    server.close()


@pytest.fixture
def ask(server):
    """ask(model): the text of one answer, or the error that it ends in."""

    def run(model, **settings):
        endpoint = Endpoint(server.url, model, **{"timeout_s": 30.0, "deadline_s": 30.0, "backoff_s": 0.0} | settings)
        client = Client(endpoint)

        async def go():
            async with client:
                return await client.ask(
                    lambda api: api.chat.completions.create(
                        model=model, messages=[{"role": "user", "content": "?"}], seed=1
                    ),
                    lambda completion: text_of(first_choice(completion)),
                )

        return asyncio.run(go())

    return run


@pytest.mark.parametrize("model", ["busy", "broken"])
def test_what_may_be_better_next_time_is_asked_again(model, ask, server):
    assert ask(model) == r"\boxed{5}"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "again"),
    [(408, True), (425, True), (429, True), (500, True), (503, True), (400, False), (404, False), (422, False)],
)
def test_which_statuses_are_asked_again(status, again):
    assert is_retried(status) is again


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("soon", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        (None, 0.0),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after_s({} if header is None else {"retry-after": header}) == seconds


def test_retry_after_as_a_date_in_the_future():
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2999 07:28:00 GMT"}) > 1e9


def test_the_limit_of_a_request_is_of_the_whole_of_it(ask, server):
    with pytest.raises(NoVerdictError, match=r"no answer within 0\.3 s"):
        ask("drip", timeout_s=0.3, deadline_s=0.0)
    assert len(server.requests) == 1


def test_a_body_without_an_end_is_not_read_to_its_end(ask, server):
    with pytest.raises(NoVerdictError, match="the answer is larger than 16 MB"):
        ask("huge")
    assert len(server.requests) == 3


def test_brackets_without_an_end_are_nonsense(ask):
    with pytest.raises(NoVerdictError, match="the server's reply is not JSON"):
        ask("deep")


def test_an_error_that_comes_as_a_success_is_shown(ask):
    with pytest.raises(NoVerdictError, match=r"no choices.*overloaded"):
        ask("odd error")


def test_texts_are_not_sent_where_a_redirect_points(ask, server):
    with pytest.raises(NoVerdictError, match="refused: HTTP 307"):
        ask("redirect")
    assert [path for path, _, _ in server.requests] == ["/v1/chat/completions"]


def test_a_server_s_words_hold_no_control_characters(ask):
    with pytest.raises(NoVerdictError, match=r"HTTP 422: .*seed is not a thing that this server knows") as caught:
        ask("refuse")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]0;t\x07b", r"a\x1b]0;t\x07b"),
        ("a\u202eb", r"a\x202eb"),
        ("two\nlines", "two lines"),
        ("key hunter2 here", "key … here"),
        ("é 日本", "é 日本"),
        ("x" * 400, "x" * 300 + "…"),
    ],
)
def test_how_words_are_shown(text, shown):
    assert said(text, "hunter2") == shown


@pytest.mark.parametrize("model", ["parts", "fine"])
def test_a_text_in_parts_is_a_text(model, ask):
    assert ask(model) == r"\boxed{5}"


def test_a_thought_that_was_cut_is_an_empty_text(ask, server):
    assert ask("cut always") == ""
    assert len(server.requests) == 1


def test_no_key_and_no_organization_of_openai_s_go_to_another_server(ask, server, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "hunter2")
    ask("fine")
    (_, headers, _) = server.requests[0]
    assert headers["authorization"] == "Bearer none"
    assert not [name for name, value in headers.items() if "hunter2" in value]


def test_a_server_that_wants_a_key_is_told_of(monkeypatch):
    endpoint = Endpoint("http://localhost:1/v1", "m")
    client = Client(endpoint)

    class Refusal:
        status_code, message = 401, "who are you?"

    error = client._patience.status(Refusal())
    assert isinstance(error, EndpointError)
    assert "requires a key" in str(error) and "--api-key-env" in str(error)
