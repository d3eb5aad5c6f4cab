"""Form alone settles what it can settle, and nothing else."""

import unicodedata

import pytest

from recipes.similarity.candidate.short_text import decide, read_short, words


def settled(a: str, b: str) -> bool | None:
    first, second = read_short(a), read_short(b)
    assert first is not None and second is not None
    assert decide(first, second) == decide(second, first)
    return decide(first, second)


@pytest.mark.parametrize(
    "text",
    ["Paris", "Paris.", "**Paris**", "paris", "The answer: Paris", "The answer is Paris.", "`Paris`", '"Paris"',
     r"\boxed{Paris}", r"\boxed{\text{Paris}}", "# Answer\n\nParis", "Sure! Paris", "ＰＡＲＩＳ", "- Paris", "> Paris",
     "Sure! Here is the answer: Paris! I hope this helps!", "_Paris_", "$\\text{Paris}$", "Final answer: Paris"],
)  # fmt: skip
def test_wrapping_does_not_count(text):
    assert settled("Paris", text) is True


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("42", "43", False),
        ("42", "42.0", True),
        ("1,250", "1250", True),
        ("１２３", "123", True),
        ("x = 9", "x=9", True),
        ("x = 9", "x = -9", False),  # the sign is part of the number
        ("3/4", "1/4", False),
        ("three", "four", False),
        ("十五", "五十", False),  # 15, 50
        ("It is safe.", "It is not safe.", False),
        ("是", "不是", False),
        ("an apple", "Apple!", True),
        ("a sofa", "couch", None),  # meaning: the classifier is asked
        ("C", "C++", None),
        ("巴黎。", "巴黎", True),
        ("巴黎", "里昂", None),
        ("", "", True),
        ("", "Paris", None),
    ],
)
def test_pairs(a, b, expected):
    assert settled(a, b) is expected


def test_decomposed_unicode_is_the_same_text():
    assert settled(unicodedata.normalize("NFD", "café"), unicodedata.normalize("NFC", "café")) is True


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the quick fox", 3),
        ("他买了三本书", 6),
        ("少年は海", 4),
        ("เมือง", 4),
        ("", 0),
        ("नमस्ते दुनिया", 2),
        ("don't go", 2),
    ],
)
def test_words_as_the_script_has_them(text, count):
    # เ มื อ ง: four characters, the mark belongs to its consonant
    assert len(words(text)) == count


def test_a_text_without_spaces_is_not_always_short():
    assert read_short("小明在森林里救了一只受伤的鹿后来鹿带他找到了回家的路") is None
    assert read_short("one two three four five six") is None
