"""Two evaluations on the same prompts."""

import json

import pytest


@pytest.fixture
def evaluated(write, darling, tmp_path):
    """evaluated(name, {prompt: scores}): the folder of an evaluation with those scores, two samples each."""

    def make(name, scores, *more):
        prompts = write(f"{name}-prompts.jsonl", *({"id": key, "prompt": f"say {key}"} for key in scores))
        given = write(f"{name}.jsonl", *({"id": key, "responses": own} for key, own in scores.items()))
        code, printed = darling(
            "run", "own", "--prompts", prompts, "--responses", given, "--samples", 2, "--max-missing", 1,
            "--scorer", "eval_scorers:one_is_right", "--binary", "--out", tmp_path / name, *more,
        )  # fmt: skip
        assert code == 0, printed
        return tmp_path / name

    return make


def test_prompt_by_prompt(evaluated, darling):
    before = evaluated("before", {key: ["0", "1"] for key in "abcdefgh"} | {"x": ["1", "1"]})
    after = evaluated("after", {"b": ["1", "1"]} | {key: ["1", "1"] for key in "acdefg"} | {"h": ["0", "0"]})
    code, printed = darling("compare", before, after, "--json")
    found = json.loads(printed)
    assert code == 0 and (found["prompts"], found["only_before"], found["only_after"]) == (8, 1, 0)
    one = found["metrics"]["pass@1"]
    # 1/2 everywhere before; after, seven times 1 and once 0. Differences: seven times +1/2, once −1/2.
    assert (one["before"], one["after"], one["difference"]) == (0.5, 0.875, 0.375)
    assert (one["better"], one["worse"], one["problems"]) == (7, 1, 8)
    # All 2^8 signs of eight halves: those with at least seven alike are 2 · (1 + 8) of 256.
    assert one["p_value"] == pytest.approx(18 / 256)
    code, printed = darling("compare", before, after)
    assert code == 0 and "8 prompts: " in printed and "+0.375" in printed and "0.0703" in printed
    assert (
        f"{len(found['metrics'])} metrics were tested" in printed
        and "Left out: 1 prompts that only the first has" in printed
    )


def test_only_prompts_with_both_values_are_compared(evaluated, darling):
    before = evaluated("before", {"a": ["1", "1"], "b": ["1"], "c": ["0", "1"]})
    after = evaluated("after", {"a": ["0", "1"], "b": ["0", "0"], "c": ["0", "1"]})
    found = json.loads(darling("compare", before, after, "--json")[1])["metrics"]
    assert found["pass@1"]["problems"] == 3 and found["pass@1"]["before"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert found["pass@2"]["problems"] == 2


def test_what_cannot_be_compared(evaluated, write, darling, tmp_path):
    before = evaluated("before", {"a": ["1", "1"]})
    code, printed = darling("compare", before, evaluated("others", {"b": ["1", "1"]}))
    assert code == 1 and "have no prompt in common" in printed
    prompts = write("p.jsonl", {"id": "a", "prompt": "say something else"})
    assert (
        darling(
            "run",
            "own",
            "--prompts",
            prompts,
            "--responses",
            before,
            "--samples",
            1,
            "--out",
            tmp_path / "c",
            "--max-missing",
            1,
        )[0]
        == 0
    )
    code, printed = darling("compare", before, tmp_path / "c")
    assert code == 1 and "the prompt 'a' differs between" in printed
    code, printed = darling("compare", before, tmp_path)
    assert code == 1 and "no settings.json" in printed


def test_other_settings_are_named(evaluated, darling):
    before = evaluated("before", {"a": ["1", "1"]})
    after = evaluated("after", {"a": ["1", "1"]}, "--similarity", "lexical")
    printed = darling("compare", before, after)[1]
    assert "Different setting: partition, None and {'similarity': 'lexical', 'options': {}, 'threshold': 0.5" in printed
    assert "prompts_sha256" not in printed and "responses_sha256" not in printed
