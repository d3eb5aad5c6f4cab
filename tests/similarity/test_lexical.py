import numpy as np
import pytest

from darling_plugin.errors import InputError
from darling_plugin.similarity import LexicalSimilarity, Similarity


@pytest.mark.parametrize(
    ("n", "a", "b", "expected", "why"),
    [
        (1, "the red cat", "the blue cat", 2 / 4, "the, cat of the, red, blue, cat"),
        (1, "Cat  the\nRED", "the red cat", 1, "the same set of words"),
        (1, "a b", "c d", 0, "nothing shared"),
        (1, "a a a b", "a b", 1, "sets, not counts"),
        (1, "STRASSE", "straße", 1, "case folding, not lower case"),
        (1, "", "", 1, "two empty texts"),
        (1, "", " \n", 1, "two texts without words"),
        (1, "", "a", 0, "an empty text and another"),
        (2, "a b c", "b c a", 1 / 3, "bc of ab, bc, ca"),
        (2, "cat", "CAT", 1, "the same words, though without a bigram"),
        (2, "cat", "dog", 0, "no bigram"),
        (2, "cat", "cat sat", 0, "no bigram in one of them"),
    ],
)
def test_jaccard(n, a, b, expected, why):
    similarity = LexicalSimilarity(n)
    assert similarity([(a, b)])[0] == pytest.approx(expected), why
    assert similarity([(b, a)])[0] == similarity([(a, b)])[0], "symmetric"


def test_one_probability_per_pair():
    assert LexicalSimilarity()([]).shape == (0,)
    assert LexicalSimilarity()([("a", "a"), ("a", "b"), ("a b", "b")]).tolist() == [1, 0, 0.5]


def test_follows_the_protocol():
    similarity = LexicalSimilarity()
    assert isinstance(similarity, Similarity)
    assert (similarity.default_threshold, similarity.short_text_rule) == (0.5, "form")


def test_n_is_checked():
    with pytest.raises(InputError, match="`n` must be a whole number of at least 1, got 0"):
        LexicalSimilarity(0)


def test_thousands_of_pairs_are_cheap():
    texts = [" ".join(str(word) for word in range(start, start + 100)) for start in range(64)]
    judged = LexicalSimilarity()([(a, b) for a in texts for b in texts])
    # Texts 10 apart share 90 of 110 words.
    assert np.asarray(judged).reshape(64, 64)[0, 10] == pytest.approx(90 / 110)
