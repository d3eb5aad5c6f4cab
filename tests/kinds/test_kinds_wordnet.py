import pytest

from darling_plugin.errors import MissingDependencyError
from darling_plugin.kinds import wordnet


def test_what_is_a_kind_of_what_at_any_depth(tiny):
    fish = tiny.senses["fish"][0]
    words = {word for key in tiny.kinds_of(fish) for word in tiny.synsets[key].words}
    assert words == {"trout", "brown_trout", "salmon_trout", "bass", "perch"}  # the brown trout is one by way of trout
    assert tiny.kinds_of(tiny.senses["perch"][0]) == frozenset()


def test_a_word_has_its_senses_in_order_and_two_words_may_share_one(tiny):
    assert [tiny.synsets[key].gloss for key in tiny.senses["bass"]] == [
        "a spiny fish of lakes and seas",
        "the lowest male voice",
    ]
    assert tiny.senses["oak"] == tiny.senses["oak_tree"]


def test_plurals_and_counts(tiny):
    assert tiny.plurals == {"geese": ("goose",)}
    assert tiny.counts == {"fish": 7, "tree": 7}


def test_a_missing_wordnet_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv(wordnet.VARIABLE, str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"data\.noun.*apt-get install wordnet-base.*DARLING_WORDNET"):
        wordnet.find_folder()
