"""Short answers, with or without an explanation."""

import pytest

from darling_plugin.similarity.domains.answers import AnswersRule


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("42", "Six times seven is 42, so the answer is 42. I checked it twice.", True),
        ("42", "Six times eight is 48, so the answer is 48.", False),
        ("0.5", "The answer is 1/2.", True),
        (r"Hence \boxed{\frac{1}{2}}, as was to be shown, since all the other terms vanish.", "1/2", True),
        ("Paris", "The capital moved several times, but today the answer is: **Paris**.", True),
        ("Paris", "Lyon", None),  # the similarity compares the words
        ("They met in 1911.\n#### 1911", "They met in 1912.\n#### 1912", False),
        ("答案是42", "经过计算以后我们得到的答案是42。", True),
        ("Yes.", "no", False),
        ("10 km", "10000 m", None),
        ("5 apples", "7 apples", False),
        ("We walked for hours and saw the river, the hill and the old mill. " * 8, "Paris", None),  # no answer in it
    ],
)
def test_pairs(a, b, expected):
    rule = AnswersRule()
    first, second = rule.read([a, b])
    found = None if first is None or second is None else rule.verdict(first, second)
    assert found is expected
