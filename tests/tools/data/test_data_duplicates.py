"""Duplicates: which stays, and what only looks like one."""

import random

from darling_plugin.tools.data.duplicates import without_exact, without_near
from darling_plugin.tools.data.funnel import Step
from darling_plugin.tools.data.item import Item

LONG = (
    "A farmer walks to the market every morning with three baskets of eggs and comes back in the evening with the "
    "empty baskets and some coins in his pocket"
)  # 28 words, 24 runs of five


def items(*texts, answer="1"):
    return [Item(f"x-{number}", text, answer) for number, text in enumerate(texts)]


def near(some):
    step = Step("near")
    kept = without_near(some, step, lambda: None)
    assert step.kept == len(kept) and step.kept + step.dropped.total() == len(some)
    return [item.id for item in kept], step


def test_exact_duplicates_differ_in_looks_only():
    step = Step("exact")
    some = items("Find $x$.", "find  x.", "Find y.")
    assert without_exact(some, step) == [some[0], some[2]]
    assert step.dropped == {"same text": 1} and step.kept == 2


def test_contradicting_answers_go_altogether():
    step = Step("exact")
    some = [*items("Find x.", answer="1"), *items("Find x.", answer="2"), *items("Find y.", answer=" 3")]
    assert [item.text for item in without_exact(some, step)] == ["Find y."]
    assert step.dropped == {"same text, another answer": 2}


def test_one_word_at_the_end_is_a_near_duplicate():
    # The last of 28 words changes the last of 24 runs: 23 of 25 runs are common, 0.92.
    kept, step = near(items(LONG, LONG.replace("pocket", "hand")))
    assert kept == ["x-0"]
    assert step.examples[0]["twin"] == "x-0"


def test_one_word_in_the_middle_is_none():
    # An inner word is in five runs: 19 of 29 are common, 0.66.
    assert near(items(LONG, LONG.replace("comes", "goes")))[0] == ["x-0", "x-1"]


def test_signs_tell_formulas_apart():
    assert near(items("Find the value of sin x at x = 3", "Find the value of sin x at x = -3"))[0] == ["x-0", "x-1"]


def test_other_numbers_or_another_answer_make_another_problem():
    many = f"{LONG} {LONG}"  # so long that one word changes less than a fifth of its runs
    assert near(items(f"{many} 7 times", f"{many} 8 times"))[0] == ["x-0", "x-1"]
    assert near([*items(many, answer="1"), *items(f"{many} now", answer="2")])[0] == ["x-0", "x-0"]
    assert near(items(f"{many} 7 times", f"{many} 8 times", answer=""))[0] == ["x-0"]  # prompts have no answer


def test_fractions_are_not_their_digits():
    step = Step("exact")
    some = [*items(r"Find $\frac{11}{2}+1$.", answer="13/2"), *items(r"Find $\frac{1}{12}+1$.", answer="13/12")]
    some += [*items("Find $2^{13}$.", answer="8192"), *items("Find $2^{1}3$.", answer="6")]
    assert without_exact(some, step) == some


def test_short_texts_are_near_only_when_equal():
    assert near(items("Tell a joke", "Tell a joke!", "Tell a story"))[0] == ["x-0", "x-2"]


def test_nothing_and_one():
    assert near([])[0] == []
    assert near(items(""))[0] == ["x-0"]


def test_each_of_many_planted_twins_is_found():
    rng = random.Random(0)
    vocabulary = [f"w{number}" for number in range(500)]
    texts = [" ".join(rng.choices(vocabulary, k=40)) for _ in range(200)]
    twins = [f"{text} indeed" for text in texts]  # 36 of 37 runs are common
    kept, step = near(items(*texts, *twins))
    assert kept == [f"x-{number}" for number in range(200)]
    assert step.dropped == {"nearly the same text": 200}
