"""`darling eval run` against a server that misbehaves: nothing vanishes, and a useless server ends the run."""

import pytest
from eval_rows import rows, summary
from unruly_server import UnrulyServer

from darling_plugin.tools.evaluation.prompts import sample_seed


@pytest.fixture
def unruly():
    server = UnrulyServer()
    yield server
    server.close()


@pytest.fixture
def evaluate(unruly, write, darling, tmp_path):
    """evaluate(model, samples): (exit code, what was printed); the scorer says whether a response holds a 5."""

    def run(model, samples, *more):
        prompts = write("prompts.jsonl", {"id": "a", "prompt": "2 + 3?", "answer": "5"})
        fixed = ["run", "own", "--prompts", prompts, "--model", model, "--url", unruly.url, "--samples", samples]
        scored = ["--scorer", "eval_scorers:says_five", "--binary", "--concurrency", 1, "--out", tmp_path / "out"]
        return darling(*fixed, *scored, *more)

    return run


@pytest.mark.parametrize("samples", [8, 4, 16])
def test_a_sample_that_was_cut_while_it_thought_counts(evaluate, unruly, tmp_path, samples):
    code, printed = evaluate("cut odd", samples)
    assert code == 0, printed
    odd = sum(sample_seed(0, "own", "a", sample) % 2 for sample in range(samples))
    found = summary(tmp_path / "out")["metrics"]
    assert found["pass@1"]["mean"] == pytest.approx((samples - odd) / samples)
    assert found["cut"]["mean"] == pytest.approx(odd / samples)
    assert len(unruly.requests) == samples  # each was asked once


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("refuse", "seed is not a thing that this server knows"),
        ("cut always", "finish_reason 'length'); raise --max-tokens"),
        ("null", "expected a text, got None"),
    ],
)
def test_a_server_that_gives_nothing_ends_the_run_early(evaluate, unruly, tmp_path, model, reason):
    code, printed = evaluate(model, 200)
    assert code == 1 and reason in printed and "\x1b" not in printed
    assert len(unruly.requests) in (20, 60)  # of 200; nonsense is asked three times
    assert not (tmp_path / "out" / "summary.json").exists()


@pytest.mark.parametrize("model", ["busy", "broken"])
def test_a_server_that_is_busy_for_a_moment_costs_no_sample(evaluate, tmp_path, model):
    code, printed = evaluate(model, 2, "--deadline-s", 60)
    assert code == 0, printed
    assert summary(tmp_path / "out")["complete"]


def test_a_server_that_sends_a_byte_at_a_time_ends_the_run(evaluate, unruly):
    code, printed = evaluate("drip", 8, "--timeout-s", 0.2, "--deadline-s", 0)
    assert code == 1 and "requests in a row had no answer (no answer within 0.2 s)" in printed


def test_a_text_in_parts_is_one_text(evaluate, tmp_path):
    assert evaluate("parts", 1)[0] == 0
    assert rows(tmp_path / "out", "samples")["a", 0]["response"] == r"\boxed{5}"
