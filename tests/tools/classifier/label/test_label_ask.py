"""What a judge can do instead of answering, over real HTTP."""

import asyncio
import pickle
import threading
from itertools import count
from types import SimpleNamespace

import pytest
from judge_server import COMPLETION_TOKENS, PROMPT_TOKENS, Reply, completion, failure, verdict

from darling_plugin.endpoint.client import Usage, each
from darling_plugin.endpoint.failures import EndpointError, NoVerdictError, Patience, TryAgainError
from darling_plugin.similarity.llm_judge.ask import Judge
from darling_plugin.similarity.llm_judge.definitions import MATH, WRITING
from darling_plugin.similarity.llm_judge.prompt import messages, response_format


def ask(judge, *pairs):
    """Asks one after the other; what came of each: a verdict, or the error that it raised."""

    async def ask_all():
        outcomes = []
        async with judge:
            for first, second in pairs:
                try:
                    outcomes.append((await judge.ask(first, second)).verdict)
                except (NoVerdictError, EndpointError) as error:
                    outcomes.append(error)
        return outcomes

    return asyncio.run(ask_all())


def ask_one(judge):
    (outcome,) = ask(judge, ("ab", "ac"))
    return outcome


def in_turn(*replies):
    """Answers of a server: the replies in turn, the last one from then on."""
    number = count()
    return lambda request: replies[min(next(number), len(replies) - 1)]


def test_the_request_holds_the_question_and_the_schema(server, endpoint):
    judge = Judge(endpoint(temperature=0.5, seed=3, max_tokens=99), WRITING)
    assert ask(judge, ("An apple.", "A pear."), ("a", "b")) == ["same", "different"]
    assert server.requests[0].body == {
        "model": "judge",
        "messages": messages(WRITING, "An apple.", "A pear."),
        "response_format": response_format(WRITING),
        "temperature": 0.5,
        "seed": 3,
        "max_completion_tokens": 99,
    }
    assert server.requests[0].headers["authorization"] == "Bearer none"
    assert judge.usage == Usage(2, 2 * PROMPT_TOKENS, 2 * COMPLETION_TOKENS)


def test_the_key_is_sent_and_never_repeated(server, endpoint, monkeypatch):
    monkeypatch.setenv("MY_KEY", "hunter2")
    server.answer = lambda request: failure(401, "wrong key: hunter2")
    judge = Judge(endpoint(api_key_env="MY_KEY"), WRITING)
    error = ask_one(judge)
    assert server.requests[0].headers["authorization"] == "Bearer hunter2"
    assert isinstance(error, EndpointError) and "MY_KEY" in str(error) and "hunter2" not in str(error)
    assert len(server.requests) == 1
    assert b"hunter2" not in pickle.dumps(judge)


def test_the_reason_comes_along(server, endpoint):
    server.answer = lambda request: completion('{"reason": "Both count.", "verdict": "same"}')

    async def ask_one():
        async with Judge(endpoint(), MATH) as judge:
            return await judge.ask("a", "b", "p")

    assert asyncio.run(ask_one()).reason == "Both count."
    assert server.requests[0].data["prompt"] == "p"


@pytest.mark.parametrize("reply", [failure(500), failure(503), failure(429), failure(408), None], ids=str)
def test_a_passing_failure_is_asked_again(server, endpoint, reply):
    server.answer = in_turn(reply, reply, reply, verdict("same"))
    judge = Judge(endpoint(), WRITING)
    assert ask_one(judge) == "same"
    assert judge.usage.requests == len(server.requests) == 4


@pytest.mark.parametrize("reply", [failure(500), failure(429)], ids=str)
def test_past_its_deadline_a_question_is_skipped_and_the_third_in_a_row_ends_it(server, endpoint, reply):
    server.answer = lambda request: verdict("same") if request.texts == ("x", "x") else reply
    pairs = [("a", "a"), ("b", "b"), ("x", "x"), ("a", "a"), ("b", "b"), ("c", "c")]
    *first, last = ask(Judge(endpoint(deadline_s=0.0), WRITING), *pairs)
    assert [getattr(outcome, "kind", outcome) for outcome in first] == ["no answer"] * 2 + ["same"] + ["no answer"] * 2
    assert isinstance(last, EndpointError)
    assert f"HTTP {reply.status}" in str(last) and "3 questions in a row" in str(last) and "--deadline-s" in str(last)


@pytest.mark.parametrize(
    "reply",
    [
        completion("I think they are the same."),
        completion('{"verdict": "maybe"}'),
        completion(None),
        completion('{"verdict": "same"}', finish_reason="length"),
        Reply(200, b"<html>"),
        Reply(200, b"{}"),
        Reply(200, b'{"choices": []}'),
        Reply(200, b'{"choices": [{"index": 0}]}'),
        Reply(200, b'["same"]'),
        Reply(200, b"null"),
    ],
    ids=lambda reply: reply.body[:20].decode(),
)
def test_nonsense_is_asked_three_times_and_skipped(server, endpoint, reply):
    server.answer = lambda request: reply if request.texts == ("a", "a") else verdict("same")
    error, said = ask(Judge(endpoint(), WRITING), ("a", "a"), ("b", "b"))
    assert isinstance(error, NoVerdictError) and error.kind == "nonsense"
    assert said == "same"
    assert server.asked() == {("a", "a"): 3, ("b", "b"): 1}


def test_an_answer_that_was_cut_says_what_to_set(server, endpoint):
    server.answer = lambda request: completion('{"reason": "Both', finish_reason="length")
    assert "cut after 5 tokens; raise --max-tokens" in str(ask_one(Judge(endpoint(max_tokens=5), MATH)))


def test_nothing_but_nonsense_ends_it(server, endpoint):
    server.answer = lambda request: completion("same")
    *first, last = ask(Judge(endpoint(), WRITING), *[("a", "a")] * 20)
    assert {type(error) for error in first} == {NoVerdictError}
    assert isinstance(last, EndpointError) and "response_format json_schema" in str(last)
    # One verdict, and it is the texts' fault, not the server's.
    server.answer = in_turn(verdict("same"), completion("same"))
    outcomes = ask(Judge(endpoint(), WRITING), *[("a", "a")] * 30)
    assert not any(isinstance(outcome, EndpointError) for outcome in outcomes)


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_refused_question_is_skipped_at_once(server, endpoint, code):
    server.answer = lambda request: failure(code, "maximum context length is 8 tokens")
    error = ask_one(Judge(endpoint(), WRITING))
    assert isinstance(error, NoVerdictError) and error.kind == "refused"
    assert f"HTTP {code}" in str(error) and "maximum context length" in str(error)
    assert len(server.requests) == 1


def test_no_such_model_ends_it(server, endpoint):
    server.answer = lambda request: failure(404, "The model does not exist")
    error = ask_one(Judge(endpoint(), WRITING))
    assert isinstance(error, EndpointError)
    assert "'judge'" in str(error) and "--judge" in str(error) and "/v1/models" in str(error)


def test_a_dead_endpoint_ends_it_after_five_requests(server, endpoint):
    judge = Judge(endpoint(), WRITING)
    server.close()
    error = ask_one(judge)
    assert isinstance(error, EndpointError)
    assert judge.usage.requests == 5
    assert server.url in str(error) and "set --url" in str(error)


def test_a_server_that_hangs(server, endpoint):
    over = threading.Event()
    server.answer = lambda request: over.wait(60) and None
    error = ask_one(Judge(endpoint(timeout_s=0.05), WRITING))
    over.set()
    assert isinstance(error, EndpointError)
    assert "no answer within 0.05 s" in str(error) and "raise --timeout-s or lower --concurrency" in str(error)


def test_a_connection_that_fails_later_has_until_the_deadline(server, endpoint):
    # Six cut connections would end a run that never heard anything.
    server.answer = in_turn(verdict("same"), *[None] * 6, verdict("same"))
    assert ask(Judge(endpoint(), WRITING), ("a", "a"), ("b", "b")) == ["same", "same"]


def test_an_answer_without_a_token_count_is_counted_as_such(server, endpoint):
    server.answer = lambda request: completion('{"verdict": "same"}', usage=False)
    judge = Judge(endpoint(), WRITING)
    assert ask_one(judge) == "same"
    assert judge.usage == Usage(requests=1, uncounted=1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("9999", 30.0), ("Fri, 21 Nov 2026 12:00:00 GMT", 0.0), ("-1", 0.0)],
)
def test_a_server_that_names_a_time_is_left_alone_so_long(server, endpoint, header, seconds):
    patience = Patience(endpoint())
    response = SimpleNamespace(headers={"retry-after": header})
    error = patience.status(SimpleNamespace(status_code=429, message="slow down", response=response))
    assert isinstance(error, TryAgainError)
    outcome = SimpleNamespace(exception=lambda: error)
    assert patience.wait_s(SimpleNamespace(attempt_number=1, outcome=outcome)) == seconds


def test_at_most_so_many_at_once(server, endpoint):
    """Four at once, and all four: each request waits until three others are there."""
    meet = threading.Barrier(4, timeout=60)

    def answer(request):
        meet.wait()
        return verdict("same")

    server.answer = answer

    async def ask_all():
        async with Judge(endpoint(concurrency=4), WRITING) as judge:

            async def work(number):
                await judge.ask(f"a{number}", "a")

            await each(work, range(12), judge.endpoint.concurrency)

    asyncio.run(ask_all())
    assert server.most_at_once == 4
    assert len(server.requests) == 12


def test_the_first_error_ends_the_others():
    ended = []

    async def work(number):
        if number == 2:
            raise NoVerdictError("refused", "no")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    with pytest.raises(NoVerdictError):
        asyncio.run(each(work, range(100), 3))
    assert ended == [0, 1]
