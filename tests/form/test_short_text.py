"""The rule `form`: what the form of two texts settles, and nothing else. None: the similarity decides."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.form.short_text import FormRule, ends, read_short, surface


def settled(a: str, b: str) -> bool | None:
    rule = FormRule()
    first, second = rule.read([a, b])
    assert rule.verdict(first, second) is rule.verdict(second, first), "symmetric"
    return rule.verdict(first, second)


@pytest.mark.parametrize(
    "text",
    ["Paris", "Paris.", "**Paris**", "paris", "Paris\n", "PARIS!", "The answer: Paris", "The answer is Paris.",
     "`Paris`", '"Paris"', r"\boxed{Paris}", r"\boxed{\text{Paris}}", r"\(\text{Paris}\)", "$\\text{Paris}$",
     "# Answer\n\nParis", "Sure! Paris", "ＰＡＲＩＳ", "- Paris", "> Paris", "_Paris_", "***Paris***", "1. Paris",
     "```\nParis\n```", "Sure! Here is the answer: Paris! I hope this helps!", "Final answer: **Paris**",
     "<b>Paris</b>"],
)  # fmt: skip
def test_wrapping_does_not_count(text):
    assert settled("Paris", text) is True


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("42", "43", False),
        ("The answer is 42.", "The answer is 43.", False),
        ("42", "42.0", True),
        ("1,250", "1250", True),
        ("x = 9", "x=9", True),
        ("x = 9", "x = -9", False),  # the sign is part of the number
        ("3/4", "1/4", False),
        (r"\frac{11}{2}", r"\frac{1}{12}", False),
        ("2 2/3", "8/3", True),  # equal values
        ("3/4 cup", "0.75 cup", True),
        ("forty-two", "42", True),
        ("There are twenty-one.", "There are 21", True),
        ("two hundred and five", "205", True),
        ("3 million", "3,000,000", True),
        ("one hundred", "a thousand", False),
        ("two thirds", "2/3", True),
        ("5 of 3", "three of five", None),  # in another order
        ("5-5", "5", None),
        ("3,5 km", "3.5 km", True),  # a decimal comma
        ("three", "four", False),
        ("十五", "五十", False),  # 15, 50
        ("十五个", "15个", True),
        ("3十", "310", False),
        ("答案是42", "答案是43。", False),
        ("42", "43 apples", False),
        ("12345678901234567890", "12345678901234567891", False),  # as floats they are equal
        ("10 km", "10000 m", None),  # other units
        ("50%", "0.5", None),
        ("1e-5", "0.00001", True),
        ("2+2", "4", None),
        ("(1+2)*3", "1+2*3", None),  # brackets beside operators are no punctuation
        ("Paris (France)", "Paris, France", True),
        ("2^{13}", "2^{1}3", None),
        ("5!", "5", None),  # 120, or an exclamation
        ("f'(x)", "f(x)", None),
        ("3,5", "35", False),
        ("€5", "$5", None),
        ("vector<int>", "vector<float>", None),
        ("It is safe.", "It is not safe.", False),
        ("I love it", "I don't love it", False),
        ("是", "不是", False),
        ("yes", "No.", False),
        ("an apple", "Apple!", True),
        ("a", "b", None),
        ("a sofa", "couch", None),  # meaning
        ("C", "C++", None),
        ("巴黎。", "巴黎", True),
        ("巴黎", "里昂", None),
        ("", "", True),
        ("", "Paris", None),
        ("9^9999999999", "2", None),  # read, never computed
    ],
)
def test_pairs(a, b, expected):
    assert settled(a, b) is expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (unicodedata.normalize("NFD", "café"), unicodedata.normalize("NFC", "café"), True),
        ("１２３", "123", True),
        ("ﬁne", "fine", True),  # a ligature
        ("한국", unicodedata.normalize("NFD", "한국"), True),
        ("10²", "10^2", True),
        ("10²", "102", None),  # NFKC alone would make them equal
        ("1½", "11/2", False),  # 3/2 and 11/2
    ],
)
def test_unicode(a, b, expected):
    assert settled(a, b) is expected


STORY = "The old man opened the door.\n\nThree flowers had come up in the *yard* over night, and nobody had seen it."


@pytest.mark.parametrize(
    "change",
    [lambda t: t + "\n", lambda t: t.rstrip("."), str.upper, lambda t: f"**{t[:28]}**{t[28:]}", lambda t: "# " + t,
     lambda t: t.replace("\n\n", "\n"), lambda t: t.replace("*yard*", "__yard__"), lambda t: t + "..."],
)  # fmt: skip
def test_layout_of_a_long_text_does_not_count(change):
    assert change(STORY) != STORY and settled(STORY, change(STORY)) is True


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (STORY, STORY.replace("Three", "Four")),
        ("for x in a:\n    print(x)\n    print(y, z, end='')", "for x in a:\n    print(x)\nprint(y, z, end='')"),
        ("We add them: 2 ** 3 + 4 ** 5 is what is asked", "We add them: 2 3 + 4 5 is what is asked"),
    ],
)
def test_the_similarity_decides_other_long_texts(a, b):
    assert settled(a, b) is None


def test_short_is_what_its_script_says():
    assert read_short("小明在森林里救了一只受伤的鹿后来鹿带他找到了回家的路") is None  # 26 characters: about 13 words
    assert read_short("雨停了以后老人推门") is not None  # 9 characters: 4.5 words
    assert read_short("เมื่อฝนหยุดชายชราผลักประตูไม้ออกไปและเห็นดอกไม้สามดอกในสวน") is None
    assert read_short("one two three four five six") is None
    assert read_short("one two three four " + "five" * 20) is None  # more than 80 characters


@pytest.mark.parametrize("part", ["*", "**a ", "`", "\\boxed{", "$", "\\frac{", " ", '"', "=\n", "a\n", "<a", "1,"])
def test_no_text_takes_long_or_fails(part):
    # Patterns that try every start and every end would take minutes here.
    assert settled(part * 20_000, part * 20_000) is True


@given(
    st.lists(st.sampled_from(["Ab ", "**x**", "# ", "- ", "5!", ".\n", "é", "1½", "²", "…", "。", "Ｐ", "中", "\n\n"])),
    st.integers(min_value=1, max_value=400),
)
def test_the_ends_are_those_of_the_surface(pieces, times):
    # 14 pieces 400 times are longer than the part of a long text that is looked at.
    text = "".join(pieces) * times
    assert ends(text) == ends(surface(text))
