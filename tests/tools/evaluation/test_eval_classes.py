"""Partitions: by any similarity, in either way, and what a similarity that fails leaves."""

import pytest
from eval_rows import rows, summary


@pytest.fixture
def partitioned(write, darling, tmp_path):
    """partitioned(responses of prompt 0, …; option, …): (exit code, printed, classes by prompt)."""

    def call(*of_prompts, options=(), n=None):
        prompts = write("prompts.jsonl", *({"id": number, "prompt": "?"} for number in range(len(of_prompts))))
        given = write("given.jsonl", *({"id": number, "responses": own} for number, own in enumerate(of_prompts)))
        out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        common = ["run", "own", "--prompts", prompts, "--responses", given, "--samples", n or len(of_prompts[0])]
        code, printed = darling(*common, "--out", out, *options)
        found = {name: row["classes"] for (name, _), row in rows(out, "classes").items()} if out.exists() else {}
        return code, printed, found, out

    return call


def test_a_similarity_by_name(partitioned):
    code, _, found, out = partitioned(
        ["the same six words right here", "here the same six words right", "something else that is entirely new"],
        ["", "", ""],
        options=["--similarity", "lexical"],
    )
    # The same words in another order are one set: Jaccard 1 > 0.5. Empty texts are equivalent by the short-text rule.
    assert code == 0 and found == {"0": [0, 0, 1], "1": [0, 0, 0]}
    assert summary(out)["metrics"]["distinct_3"]["mean"] == 1.5
    code, _, found, _ = partitioned(
        ["the same six words right here", "here the same six words right"],
        options=["--similarity", "lexical", "--similarity-args", '{"n": 6}'],
    )
    assert code == 0 and found == {"0": [0, 1]}


def test_closure_and_greedy_differ_where_verdicts_are_not_transitive(partitioned):
    judge = ["--similarity", "callable", "--similarity-args", '{"function": "eval_judges:near"}']
    # 0–1 and 1–2 are near, 0–2 are not: joined through 1, or apart as 2 is not near the first member, 0.
    assert partitioned(["0", "1", "2"], options=judge)[2] == {"0": [0, 0, 0]}
    assert partitioned(["0", "1", "2"], options=[*judge, "--partition", "greedy"])[2] == {"0": [0, 0, 1]}


def test_what_a_similarity_fails_at_is_missing(partitioned):
    judge = ["--similarity", "callable", "--similarity-args", '{"function": "eval_judges:same_start"}']
    good = [["apple", "avocado"], ["pear", "fig"]]
    code, printed, found, out = partitioned(good[0], ["unreadable", "x"], good[1], options=judge)
    assert code == 3 and "Failed in classes: 1 (no classes)" in printed
    assert found == {"0": [0, 0], "2": [0, 1]}
    assert summary(out)["missing"]["classes"] == {"items": 3, "missing": 1, "share": 1 / 3}
    assert summary(out)["metrics"]["distinct_2"]["mean"] == 1.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--similarity", "lexcal"], "must be one of classifier, cascade, judge, embedding, lexical, callable"),
        (["--similarity", "lexical", "--similarity-args", '{"m": 1}'], "`darling.similarity.m` has no effect"),
        (["--similarity", "lexical", "--similarity-args", "n=1"], "`--similarity-args` must be a JSON object"),
        (["--similarity", "lexical", "--threshold", 2], "`--threshold` must be in [0, 1], got 2.0"),
        (["--similarity", "lexical", "--partition", "both"], "`--partition` must be one of closure, greedy"),
        (["--similarity", "embedding", "--similarity-args", '{"model": "/no/such"}'], "there is no such folder"),
    ],
)
def test_a_wrong_setting_is_said_before_anything_is_done(partitioned, options, message):
    code, printed, _, out = partitioned(["a"], options=options)
    assert code == 1 and message in printed and not out.exists()
