"""Ratings from a judge's verdicts: worked by hand, and as `darling eval elo` prints them."""

import json
from math import log10

import numpy as np
import pytest
from eval_rows import summary
from eval_server import completion, texts

from darling_plugin.errors import InputError
from darling_plugin.tools.evaluation.judging.elo import SCALE, elo_ratings, fit

PROMPTS = [{"id": f"p{number}", "prompt": f"Question {number}?"} for number in range(6)]


def votes(*tables):
    return np.array(tables, dtype=np.float64)


def test_two_models_by_hand():
    # 30 of 40 votes, and the added draw: odds of 30.5 to 10.5.
    first, second = elo_ratings(votes([[0, 30], [10, 0]]), "ab", anchor=1)
    assert first.mean == pytest.approx(1500 + 400 * log10(30.5 / 10.5)) and second.mean == 1500
    assert first.low is None  # one prompt


def test_three_models_win_as_often_as_their_ratings_say():
    games = votes([[0, 7, 9], [3, 0, 6], [1, 4, 0]])
    theta = fit(games)[0]
    p = 1 / (1 + np.exp(theta[None, :] - theta[:, None]))
    # At the maximum of the likelihood each model's expected votes, of 10 against each other one, are those it has.
    assert (10 * p).sum(1) - 5 == pytest.approx([16, 9, 5], abs=1e-8)
    assert theta.sum() == pytest.approx(0, abs=1e-12) and theta[0] > theta[1] > theta[2]
    ratings = elo_ratings(games, "abc", anchor=2, at=1000)
    assert ratings[2].mean == 1000 and 0 < ratings[0].mean - 1000 < SCALE * (theta[0] - theta[2])  # by the added draws


def test_degenerate():
    assert [one.mean for one in elo_ratings(votes([[0, 5], [5, 0]]), "ab")] == pytest.approx([1500, 1500])
    wins = elo_ratings(votes([[0, 20], [0, 0]]), "ab", anchor=1)[0]
    assert wins.mean == pytest.approx(1500 + 400 * log10(20.5 / 0.5))  # finite
    with pytest.raises(InputError, match="c: not connected with a by comparisons"):
        elo_ratings(votes([[0, 1, 0], [1, 0, 0], [0, 0, 0]]), "abc")


def test_the_interval_is_over_prompts():
    won, lost = [[0, 2], [0, 0]], [[0, 0], [2, 0]]
    same = elo_ratings(votes(*[[[0, 3], [1, 0]]] * 8), "ab", anchor=1)[0]
    assert same.low == pytest.approx(same.mean) == pytest.approx(same.high)  # every prompt says the same
    wide = elo_ratings(votes(*[won] * 5, *[lost] * 3), "ab", anchor=1)[0]
    assert wide.low < wide.mean < wide.high and wide.problems == 8


@pytest.fixture
def evaluate(server, write, darling, tmp_path):
    """evaluate(name, text, baseline): an evaluation whose responses are all `text`, judged against the baseline."""
    # The judge prefers the response with the greater number in it, wherever it stands.

    def judge(body):
        first, second = (int(texts(body)[name]) for name in ("response_1", "response_2"))
        said = "equal" if first == second else "first_better" if first > second else "second_better"
        return completion(json.dumps({"reason": "", "verdict": said}))

    server.answer = judge

    def run(name, text, baseline, *more):
        responses = write(f"{name}.jsonl", *({"id": prompt["id"], "response": text} for prompt in PROMPTS))
        fixed = ["run", "hard", "--prompts", write("prompts.jsonl", *PROMPTS), "--responses", responses]
        fixed += ["--judge", "j", "--judge-url", server.url, "--deadline-s", 0, "--baseline", baseline]
        code, printed = darling(*fixed, "--out", tmp_path / name, *more)
        assert code in (0, 3), printed
        return tmp_path / name

    return run


def test_a_table_of_ratings(evaluate, write, darling):
    base = write("base.jsonl", *({"id": prompt["id"], "response": "5"} for prompt in PROMPTS))
    better, worse = evaluate("better", "7", base), evaluate("worse", "3", base)
    best = evaluate("best", "9", better)  # the baseline is another evaluation: the same model
    code, printed = darling("elo", better, worse, best, "--json")
    assert code == 0, printed
    found = json.loads(printed)
    assert [one["name"].rpartition("/")[2] for one in found] == [
        "best.jsonl", "better.jsonl", "baseline base.jsonl", "worse.jsonl"
    ]  # fmt: skip
    # 12 votes of 12 and the added draw: 400 log10(12.5 / 0.5) above whom they met, who is at 1500.
    step = 400 * log10(25)
    assert [one["rating"]["mean"] for one in found] == pytest.approx([1500 + 2 * step, 1500 + step, 1500, 1500 - step])
    assert [one["votes"] for one in found] == [12, 24, 24, 12] and found[0]["missing"] == 0
    assert found[2]["missing"] is None  # a baseline only
    assert summary(better)["metrics"]["Elo, the baseline 1500"]["mean"] == pytest.approx(1500 + step)
    code, printed = darling("elo", better, worse, "--anchor", "baseline base.jsonl", "--at", 0)
    assert code == 0 and "2 models" not in printed and "3 models, 6 prompts" in printed
    code, printed = darling("elo", better, "--anchor", "nobody")
    assert code == 1 and "--anchor: there is no model 'nobody'; the models are" in printed
    code, printed = darling("elo", worse, best)
    assert code == 1 and "by comparisons; evaluate all" in printed


def test_verdicts_that_the_judge_did_not_give_are_counted(server, evaluate, write, darling):
    base = write("base.jsonl", *({"id": prompt["id"], "response": "5"} for prompt in PROMPTS))
    well = server.answer
    server.answer = lambda body: None if texts(body)["prompt"] == "Question 1?" else well(body)
    folder = evaluate("some", "7", base)
    assert summary(folder)["missing"]["pairwise"] == {"items": 6, "missing": 1, "share": 1 / 6}
    code, printed = darling("elo", folder)
    assert code == 0 and "16.7%" in printed and "5 prompts" in printed


def test_answers_of_arena_hard_are_read(evaluate, write):
    rows = [
        {"uid": prompt["id"], "messages": [{"role": "user", "content": "?"},
                                           {"role": "assistant", "content": {"answer": "5"} if number % 2 else "5"}]}
        for number, prompt in enumerate(PROMPTS)
    ]  # fmt: skip
    folder = evaluate("mine", "5", write("arena.jsonl", *rows))
    assert summary(folder)["metrics"]["win rate"]["mean"] == 0.5
