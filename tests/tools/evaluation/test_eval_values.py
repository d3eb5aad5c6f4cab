"""The metrics of one prompt, worked by hand, with everything there and with something missing."""

import pytest

from darling_plugin.tools.evaluation.judging.win_rates import Pair
from darling_plugin.tools.evaluation.prompts import Prompt
from darling_plugin.tools.evaluation.values import Responses, powers, values

TEXTS = ["a b c d", "a b c d", "a b c e", "x"]


def responses(
    scores, *, classes=None, binary=True, scale=None, answers=None, texts=TEXTS, pairs=(), **sample
) -> Responses:
    """scores[i] and texts[i] of sample i; None is missing."""
    answers = answers or [None] * len(scores)
    return Responses(
        Prompt("p", "?"),
        [None if text is None else {"response": text, "finish": "stop", "tokens": 2} | sample for text in texts],
        [
            None if score is None else {"score": score} | ({"answer": answer} if any(answers) else {})
            for score, answer in zip(scores, answers, strict=True)
        ],
        classes,
        pairs,
        binary,
        scale,
    )


def test_right_or_wrong():
    found = values(responses([1.0, 1.0, 0.0, 0.0], classes=[0, 0, 1, 2]))
    # pass@2 = 1 − C(2, 2) / C(4, 2) = 5/6; of the two right ones, one class: distinct correct is pass@k of that class.
    assert found["pass@1"] == pytest.approx(1 / 2) and found["pass@2"] == pytest.approx(5 / 6) and found["pass@4"] == 1
    assert found["distinct correct@2"] == pytest.approx(5 / 6) and found["distinct correct@4"] == 1
    assert found["cov@2"] == 1 and "cov@4" not in found  # two right ones, of one class; four are not there
    assert found["distinct_4"] == 3
    assert found["semantic diversity"] == 0  # of the pairs, none is of two right ones in two classes
    # abcd, abcd, abce: 2 of 3 four-grams differ; "x" has none.
    assert found["distinct 4-grams"] == pytest.approx(2 / 3)
    assert (found["characters"], found["tokens"], found["cut"]) == ((7 + 7 + 7 + 1) / 4, 2, 0)
    assert not {"score", "win rate", "utility_4", "maj@4", "entropy"} & found.keys()


def test_the_vote_of_the_answers():
    # All four vote: right and "x" twice each, a tie of which half is right; right is one answer however it is written.
    found = values(responses([1.0, 1.0, 0.0, 0.0], answers=["2", "4/2", "x", "x"]))
    assert found["maj@4"] == pytest.approx(1 / 2)
    assert "maj@2" not in found  # pass@1 by another name
    # "2" is once right and once wrong (the judge was shown two references, say): they are two answers.
    assert values(responses([1.0, 0.0, 0.0, 1.0], answers=["2", "2", None, "2"]))["maj@4"] == 1


def test_a_missing_score_is_no_zero():
    found = values(responses([1.0, None, 0.0, 1.0], classes=[0, 0, 1, 1]))
    # Of the three that are there 2 are right: 2/3 and 1 − 0; as a 0 the missing one would give 2/4 and 5/6.
    assert found["pass@1"] == pytest.approx(2 / 3) and found["pass@2"] == 1
    assert "pass@4" not in found and "distinct correct@2" not in found and "semantic diversity" not in found
    assert found["distinct_4"] == 2
    assert values(responses([None] * 4)).keys() == {"characters", "tokens", "cut", "distinct 4-grams"}


def test_a_missing_sample_is_no_empty_text():
    found = values(responses([1.0, 0.0, None, None], texts=["ab", "cd", None, None]))
    assert found["pass@1"] == 1 / 2 and found["characters"] == 2
    assert "distinct 4-grams" not in found and "distinct_4" not in found
    assert values(responses([None] * 4, texts=[None] * 4)) == {}


def test_a_reward_models_scores():
    # skywork: −8 is below all thresholds: 1; −5.6 is above −7.72, −6.28, −6 and −5.71: 5; 0 is above all: 10.
    found = values(responses([-8.0, 0.0, -5.6, 0.0], classes=[0, 0, 1, 2], binary=False, scale="skywork"))
    assert found["score"] == pytest.approx(-13.6 / 4) and found["best score"] == 0
    # (1 + 0.8² · 5 + 0.8³ · 10) / (1 + 0.8 + 0.64 + 0.512), the second response being a repetition.
    assert found["utility_4"] == pytest.approx((1 + 0.64 * 5 + 0.512 * 10) / 2.952)
    assert "pass@1" not in found
    rest = values(responses([-8.0, None, -5.6, 0.0], classes=[0, 0, 1, 2], binary=False, scale="skywork"))
    assert rest["score"] == pytest.approx(-13.6 / 3) and "utility_4" not in rest and "best score" not in rest


def test_a_prompts_win_rate_is_of_the_pairs_that_are_there():
    won, lost = Pair((1.0, 1.0), (1, 1), 0), Pair((0.0, 0.5), (1, 1), 0)
    found = values(responses([None] * 4, pairs=[won, lost]))
    assert (found["win rate"], found["first shown"], found["orders agree"]) == (0.625, (0.5 + 0.25) / 2, 0.5)


def test_entropy_is_of_tokens_not_of_responses():
    short, long = (
        {"response": "a", "finish": "stop", "tokens": 1, "entropy": 3.0},
        {"response": "b", "finish": "length", "tokens": 3, "entropy": 1.0},
    )
    found = values(Responses(Prompt("p", "?"), [short, long], [None, None], None, (), False, None))
    assert found["entropy"] == pytest.approx((3 + 3 * 1) / 4) and found["cut"] == 1 / 2


def test_ks():
    assert [powers(n) for n in (1, 2, 3, 16, 20)] == [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8, 16], [1, 2, 4, 8, 16, 20]]
