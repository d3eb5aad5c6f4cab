"""Exact features fire for what excludes each other, and a policy can't set them by adding text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darling_plugin.similarity.classifier.facts import FactReader
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.pair_features import FEATURES, pair_features
from darling_plugin.similarity.classifier.rows import facts_of, pack_facts, vector_of, vectors_of

READER = FactReader(Reader(0, {}))  # every word equally rare


def row(text: str, *vectors: list[float]) -> np.ndarray:
    """Of a text with the vectors of the whole and of its segments; one of length 1 in place of the encoder's."""
    return pack_facts(np.array(vectors or [[1.0, 0.0], [1.0, 0.0]]), READER.read(text))


def features(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    found = pair_features([a, b], READER.table)
    assert np.array_equal(found, found.swapaxes(0, 1))
    return dict(zip(FEATURES, found[0, 1].tolist(), strict=True))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("The answer is 42.", "The answer is 43.", 1),
        ("He has 3 dogs.", "He has three dogs.", 0),
        ("He has 3 dogs.", "He has 3 dogs, as of 2024.", 0),  # a number more excludes nothing
        ("56", "Seven rows of 8 make 7 * 8 = 56.", 0),
        ("54", "Seven rows of 8 make 7 * 8 = 56.", 1),
        ("8", "Seven rows of 8 make 7 * 8 = 56.", 1),  # 8 is in the text, but what it ends in is 56
        (
            "Fill a table from 0 upward: for each amount the best is found by one more coin than for what is left.",
            "Dynamic programming over all amounts in rising order: the best of a is 1 + the best of a minus a coin.",
            0,  # 0 and 1 are parts of formulas
        ),
    ],
)
def test_numbers(a: str, b: str, expected: int) -> None:
    assert features(row(a), row(b))["numbers"] == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("The door is locked today.", "The door is not locked today.", 1),
        ("The bridge is safe to cross.", "It is not dangerous to cross the bridge.", 0),
        ("They will come.", "They won't come.", 1),
    ],
)
def test_negation(a: str, b: str, expected: int) -> None:
    assert features(row(a), row(b))["negation"] == expected


TOTAL = "def total(values):\n    s = 0\n    for v in values:\n        s += v\n    return s"
RENAMED = "```python\ndef f(xs):\n    # adds\n    acc = 0\n    for x in xs:\n        acc += x\n    return acc\n```"


@pytest.mark.parametrize(
    ("other", "code", "near"),
    [
        (RENAMED, 1, 0),
        (TOTAL.replace("+=", "-="), 0, 1),
        (TOTAL.replace("    return", "        return"), 0, 1),  # it returns after the first value
        ("print('hello world')\nexit();", 0, 0),
    ],
)
def test_code_is_compared_up_to_names(other: str, code: int, near: int) -> None:
    found = features(row(TOTAL), row(other))
    assert (found["code"], found["code_near"]) == (code, near)


@given(st.integers(0, 2**32 - 1))
def test_near_programs_are_those_that_share_most_of_their_steps(seed: int) -> None:
    """Of random sets of codes, some of which are others with a part replaced."""
    draw = np.random.default_rng(seed)
    sets = [draw.choice(2**31, size=draw.integers(1, 60), replace=False).astype(np.uint32) for _ in range(4)]
    for codes in list(sets):
        kept = codes[: int(len(codes) * draw.uniform(0.6, 1.0))]
        sets.append(np.append(kept, draw.choice(2**31, size=draw.integers(0, 9), replace=False).astype(np.uint32)))
    blank = READER.read(TOTAL)
    facts = [blank._replace(program=k + 1, steps=np.unique(codes)) for k, codes in enumerate(sets)]
    rows = [pack_facts(np.array([[1.0, 0.0], [1.0, 0.0]]), own) for own in facts]
    shared = np.array([[len(np.intersect1d(a.steps, b.steps)) for b in facts] for a in facts])
    sizes = np.diagonal(shared)
    expected = 2 * shared >= 0.8 * (sizes[:, None] + sizes[None, :])
    np.fill_diagonal(expected, False)  # a program and itself are the same
    found = pair_features(rows, READER.table)[..., FEATURES.index("code_near")]
    assert np.array_equal(found > 0, expected)


def test_prose_is_no_code() -> None:
    assert READER.read("The train leaves at nine; take a seat.").program == 0


def test_cosine_and_coverage() -> None:
    # Unit vectors at right angles. Of a's segments, x is in b and y is not: the worst is covered by 0.
    x, y = [1.0, 0.0], [0.0, 1.0]
    found = features(row("a", x, x, y), row("b", x, x))
    assert (found["cosine"], found["coverage"]) == (1.0, 0.0)
    assert features(row("a", x, x, y), row("b", x, y, x))["coverage"] == 1.0  # order does not count


def test_an_unreadable_script_is_compared_by_characters() -> None:
    first, second = (pack_facts(np.eye(2), READER.read(text, unreadable=True)) for text in ("甲乙丙", "甲乙丁"))
    # 甲 乙 丙 甲乙 乙丙 and 甲 乙 丁 甲乙 乙丁: three of five in common
    assert features(first, second)["cosine"] == features(first, second)["coverage"] == pytest.approx(2 * 3 / 10)


def test_a_long_text_and_itself() -> None:
    text = "A hundred prisoners stand in a line. " * 30
    found = features(row(text), row(text))
    assert found["same"] == found["long"] == found["rare_words"] == found["names"] == 1
    assert found["numbers"] == found["negation"] == found["broken"] == 0


def test_words_in_common_count_in_long_texts_only() -> None:
    # 40 words or fewer are short, 90 or more long.
    words = [f"word{k}" for k in range(100)]
    long, other = " ".join(words), " ".join(words[:50] + [f"other{k}" for k in range(50)])
    assert features(row(long), row(other))["rare_words"] == pytest.approx(50 / 150)
    assert features(row(" ".join(words[:40])), row(other))["rare_words"] == 0


def test_a_row_holds_what_was_put_into_it() -> None:
    facts = READER.read("Sure! Anna paid 12 dollars, not 13. The answer is 12.")
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]])
    packed = pack_facts(vectors, facts)
    np.testing.assert_allclose(vectors_of(packed), vectors, atol=1e-3)
    np.testing.assert_allclose(vector_of(packed), vectors[0], atol=1e-3)
    for name, value in facts._asdict().items():
        np.testing.assert_array_equal(getattr(facts_of(packed), name), value)
