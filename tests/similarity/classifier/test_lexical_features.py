import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordy_texts import wordy_text

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier.lexical_features import FEATURES, Reader

TEXTS = ["the cat sat", "the dog sat", "the cat ran far", "Paris is far"]
TEXT = st.text(max_size=60)


def compare(reader: Reader, a: str, b: str) -> dict[str, float]:
    return dict(zip(FEATURES, reader.compare(reader.read(a), reader.read(b)), strict=True))


def test_rare_words_count_more_than_frequent_ones() -> None:
    reader = Reader.fit(TEXTS)
    # "the" is in 3 of 4 texts, "cat" in 2: w = log(1 + 4/3)^3 = 0.608, log(1 + 4/2)^3 = 1.326;
    # "zebra" and "yak" in none, which counts as one: log(1 + 4)^3 = 4.169
    assert dict(reader.counts) == {"cat": 2, "far": 2, "sat": 2, "the": 3}
    shared_the = compare(reader, "the zebra", "the yak")["rare_words"]
    shared_cat = compare(reader, "cat zebra", "cat yak")["rare_words"]
    assert shared_the == pytest.approx(0.608 / (0.608 + 2 * 4.169), abs=1e-3)
    assert shared_cat == pytest.approx(1.326 / (1.326 + 2 * 4.169), abs=1e-3)


def test_names_and_length() -> None:
    reader = Reader(0, {})  # every word equally rare
    got = compare(reader, "We saw Paris and Rome today", "Paris is nice")
    # names {we, paris, rome} and {paris}: 1 of 3; words 6 and 3
    assert got["names"] == pytest.approx(1 / 3)
    assert got["length"] == pytest.approx(3 / 6)


@given(TEXT, TEXT)
def test_features_are_shares_and_symmetric(a: str, b: str) -> None:
    reader = Reader.fit(TEXTS)
    forth, back = (reader.compare(reader.read(x), reader.read(y)) for x, y in ((a, b), (b, a)))
    assert np.array_equal(forth, back)
    assert ((forth >= 0) & (forth <= 1)).all()


@given(TEXT)
def test_a_text_is_all_of_itself(text: str) -> None:
    reader = Reader.fit(TEXTS)
    assert reader.compare(reader.read(text), reader.read(text)) == pytest.approx([1, 1, 1])


def test_saved_and_loaded_are_the_same(tmp_path: Path) -> None:
    reader = Reader.fit(TEXTS)
    reader.save(tmp_path)
    assert Reader.load(tmp_path) == reader


@pytest.mark.parametrize("content", [None, "{", "[]", '{"texts": 3}', '{"texts": 3, "counts": 4}'])
def test_a_damaged_table_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "words.json").write_text(content)
    with pytest.raises(ConfigError, match=r"words\.json, the classifier's table of words, cannot be read"):
        Reader.load(tmp_path)


def test_features_are_those_of_comparing_two_sets_of_words() -> None:
    texts = [wordy_text(seed, words) for seed, words in [(0, 0), (1, 1), (2, 40), (3, 40), (4, 400), (5, 2000)]]
    texts += [texts[3] + " Lisbon Lisbon", "Anna-Maria's", "\ud800 x_1"]
    reader = Reader.fit(texts[:4])
    shares = reader.shares([reader.read(text) for text in texts])
    for i, j in itertools.combinations(range(len(texts)), 2):
        np.testing.assert_allclose(
            shares[i, j], of_two_sets(reader, texts[i], texts[j]), atol=1e-6
        )  # products are in single precision


def of_two_sets(reader: Reader, a: str, b: str) -> list[float]:
    """The features word by word: information is log(1 + texts / texts with the word), cubed for rare words."""
    words = [re.findall(r"\w+(?:['’]\w+)*", text) for text in (a, b)]
    names = [{word.casefold() for word in found if word[0].isupper() and len(word) > 1} for found in words]
    plain = [{word.casefold() for word in found} for found in words]
    tells = lambda word: math.log(1 + reader.texts / reader.counts.get(word, 1))  # noqa: E731
    rare = [sum(tells(word) ** 3 for word in group) for group in (plain[0] & plain[1], plain[0] | plain[1])]
    named = [sum(map(tells, group)) for group in (names[0] & names[1], names[0] | names[1])]
    lengths = sorted(map(len, words))
    return [part / whole if whole else 1.0 for part, whole in (rare, named, lengths)]
