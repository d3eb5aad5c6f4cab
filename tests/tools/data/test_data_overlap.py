"""Overlap with evaluation items: planted, hidden in other words, and only seeming."""

import json

import pytest

from darling_plugin.errors import ConfigError
from darling_plugin.tools.data.item import Item
from darling_plugin.tools.data.math_rows import problem
from darling_plugin.tools.data.overlap import Overlap

QUESTION = (
    "Find the number of ordered triples of positive integers such that the product of the three numbers is equal to "
    "the least common multiple of the first thirty integers"
)  # 28 words
ENDING = "can be written as m over n where m and n are relatively prime positive integers find m plus n"  # 19 words


def index(*texts, n=8, share=0.5):
    return Overlap([("aime", Item(f"aime-{number}", text)) for number, text in enumerate(texts)], n, share)


def match(overlap, text):
    return overlap.match(Item("train-1", text))


def test_a_copy_overlaps_whatever_its_looks():
    found = match(index(QUESTION), QUESTION.upper().replace("FIRST", r"$\text{first}$") + "?")
    assert found is not None
    assert (found.source, found.id, found.share, found.text) == ("aime", "aime-0", 1.0, QUESTION)


def test_a_copy_inside_a_longer_text_overlaps():
    assert match(index(QUESTION), f"My teacher asked me this one and I am lost: {QUESTION} Please help.") is not None


def test_a_part_of_a_problem_overlaps_it():
    part = " ".join(QUESTION.split()[:14])
    assert match(index(QUESTION), part).share == 1.0


def test_the_share_is_of_the_shorter_text():
    # 10 words of 28, and 18 of another kind: a run of 10 covers 10/28 = 0.36 of either.
    other = " ".join(QUESTION.split()[:10] + ["zebra"] * 18)
    assert match(index(QUESTION), other) is None
    assert match(index(QUESTION, share=0.35), other).share == pytest.approx(10 / 28)


def test_common_wording_alone_is_no_overlap():
    own = "A bag holds red and blue marbles and two of them are drawn at random without looking so the chance of it"
    other = "Two circles touch at a point and a line meets both of them so that the ratio of its three pieces always"
    assert match(index(f"{other} {ENDING}"), f"{own} {ENDING}") is None  # 19 of 41 words
    # GPT-3's rule, one run of 13, drops it.
    assert match(index(f"{other} {ENDING}", n=13, share=0), f"{own} {ENDING}") is not None


def test_short_texts_overlap_when_equal():
    overlap = index("What is $2 + 3$?", QUESTION)
    assert match(overlap, "what is 2+3?").share == 1.0
    assert match(overlap, "What is 2 - 3?") is None  # the same words
    assert match(overlap, "What is 2 + 3? And what is 4 + 5?") is None
    assert match(overlap, "Find the number of ordered triples") is None  # fewer than 8 words of a longer one


def test_a_long_text_does_not_overlap_a_short_one_within_it():
    assert match(index("the product of the three numbers"), QUESTION) is None


def test_other_wordings_and_ids_count():
    overlap = Overlap([("nb", Item("WildChat-ab", "A clean prompt", other_wordings=(QUESTION,)))])
    assert match(overlap, QUESTION).id == "WildChat-ab"
    assert overlap.match(Item("WildChat-ab", "something else altogether")).source == "nb"


def test_the_most_overlapped_is_named():
    shuffled = " ".join(QUESTION.split()[:20] + ["zebra"] * 8)
    assert match(index(shuffled, QUESTION), QUESTION).id == "aime-1"


def test_nothing_to_overlap_with():
    overlap = Overlap([])
    assert overlap.empty and match(overlap, QUESTION) is None
    assert match(index(QUESTION), "") is None


@pytest.mark.parametrize(("n", "share", "said"), [(0, 0.5, "n-grams of 0 words"), (8, 1.5, "a share of 1.5")])
def test_settings_out_of_range(n, share, said):
    with pytest.raises(ConfigError, match=said):
        index(QUESTION, n=n, share=share)


def test_real_competitions_share_wording_but_not_problems(shared_maths):
    def read(name):
        rows = (shared_maths / f"{name}.jsonl").read_text().splitlines()
        return [problem(json.loads(row), name) for row in rows]

    aime24 = [("aime24", item) for item in read("aime24")]
    ours, gpt3 = Overlap(aime24), Overlap(aime24, n=13, share=0)
    amc23 = read("amc23")
    assert sum(ours.match(item) is not None for item in amc23) == 0
    assert sum(gpt3.match(item) is not None for item in amc23) == 10  # "… relatively prime positive integers …"
    assert all(ours.match(item) is not None for _, item in aime24)
