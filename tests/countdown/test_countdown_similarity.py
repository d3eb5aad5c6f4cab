import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.countdown.similarity import equivalent

texts = st.text(alphabet="123+-*= ", max_size=8)


@pytest.mark.parametrize(
    ("first", "second", "expected", "reason"),
    [
        ("1+2*3", "3*2+1", 1.0, "commutativity"),
        ("1-2+3", "3+1-2", 1.0, "associativity"),
        ("1+2", "2+1 ", 1.0, "space around is ignored"),
        ("3*1", "3*2", 0.0, "other digits"),
        ("1+5", "2+4", 0.0, "equal value, another solution"),
        ("1-2", "2-1", 0.0, "− does not commute"),
        ("nonsense", "nonsense ", 1.0, "no expressions, same text"),
        ("nonsense", "other", 0.0, "no expressions, other text"),
        ("1+2", "1+2=", 0.0, "only one is an expression"),
        ("", "", 1.0, "two empty texts are the same text"),
    ],
)
def test_equivalent(first, second, expected, reason):
    assert equivalent([(first, second)]) == [expected], reason


@settings(deadline=None)
@given(texts, texts)
def test_reflexive_and_symmetric(first, second):
    assert equivalent([(first, first), (second, second)]) == [1.0, 1.0]
    assert equivalent([(first, second)]) == equivalent([(second, first)])


@settings(deadline=None)
@given(texts, texts, texts)
def test_transitive(a, b, c):
    """So the partition's transitive closure changes nothing: classes are exactly the forms."""
    ab, bc, ac = equivalent([(a, b), (b, c), (a, c)])
    assert ac or not (ab and bc)


def test_no_pairs():
    assert equivalent([]) == []
