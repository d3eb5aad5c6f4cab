import pytest

from darling_plugin import ngram_diversity
from darling_plugin.errors import InputError


@pytest.mark.parametrize(
    ("responses", "n", "expected", "why"),
    [
        (["a b c", "b c d"], 2, [1 / 2, 1 / 2], "ab is its own, bc is shared, cd is its own"),
        (["a b c d", "a b c d"], 2, [0, 0], "copies have nothing of their own"),
        (["a b", ""], 3, [0, 0], "fewer than n words: no n-gram"),
        (["a b a b a", "c d"], 2, [2 / 4, 1], "ab, ba, ab, ba: two distinct ones of four; a repeat is marked down"),
        (["a b c d e"], 4, [1], "a group of one: every n-gram is its own"),
        (["A b", "a b.", "**a** b\n"], 2, [0, 0, 0], "case, punctuation and Markdown are no words"),
        (["雨停了以后", "雨停了以前"], 2, [1 / 4, 1 / 4], "以后 of 雨停, 停了, 了以, 以后: a character is a word"),
        ([], 4, [], "an empty batch"),
    ],
)
def test_one_group(responses, n, expected, why):
    assert ngram_diversity(responses, [0] * len(responses), n=n).tolist() == expected, why


def test_groups_do_not_mix():
    assert ngram_diversity(["a b", "a b", "a b"], [0, 1, 0], n=2).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("arguments", "n", "message"),
    [
        ((["a"], [0]), 0, "`n` must be a whole number of at least 1, got 0"),
        ((["a"], [0]), 1.5, "`n` must be a whole number of at least 1, got 1.5"),
        ((["a"], [0]), True, "`n` must be a whole number"),
        ((["a"], [0, 0]), 4, "`uid` has 2 entries and `responses` has 1"),
        (([None], [0]), 4, r"`responses\[0\]` must be a string, got NoneType"),
    ],
)
def test_wrong_arguments_are_named(arguments, n, message):
    with pytest.raises(InputError, match=message):
        ngram_diversity(*arguments, n=n)


def test_the_authors_words_are_what_whitespace_separates():
    assert ngram_diversity(["A b", "a b", "雨停了以后"], [0, 0, 0], n=2, words="authors").tolist() == [1, 1, 0]
    with pytest.raises(InputError, match="`words` must be one of form, authors; got 'spaces'"):
        ngram_diversity(["a"], [0], words="spaces")
