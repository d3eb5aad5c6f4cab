import pytest

from darling_plugin.kinds.data import split
from darling_plugin.kinds.similarity import equivalent
from darling_plugin.kinds.task import verify
from darling_plugin.kinds.wordnet import Synset
from recipes.kinds.pairs import make_pairs
from recipes.kinds.sentences import FRAMES, gloss_of, sentences, write


@pytest.mark.parametrize(
    ("gloss", "kept"),
    [
        ('a fish of cool waters; "he caught a trout"', "a fish of cool waters"),
        ("(zoology) a small (or large) fish", "a small fish"),
        ("a bird", None),  # two words
        ("one two three four five six seven, eight nine ten", "one two three four five six seven"),
        ("one two three four five six seven eight nine ten", None),
        ("`ash' is a wood of trees", None),  # quotation marks
    ],
)
def test_glosses(gloss, kept):
    assert gloss_of(Synset("1", "05", ("x",), (), gloss)) == kept


def test_every_frame_names_its_word(tiny):
    fish = next(category for category in split().train if category.word == "fish")
    for frame in FRAMES:
        text = write(frame, "brown_trout", "a speckled trout of European rivers")
        assert verify(fish, text) == tiny.senses["brown_trout"][0], text
    assert write(FRAMES[0], "oak", "a deciduous tree") == "An oak is a deciduous tree."


def test_sentences_are_right_and_the_same_each_time(tiny):
    found = sentences(30, seed=3)
    assert found == sentences(30, seed=3) != sentences(30, seed=4)
    assert all(verify(one.category, one.text) == one.kind for one in found)


def test_pairs_hold_rewordings_and_are_labelled_by_the_exact_similarity(tiny):
    fish = next(category for category in split().train if category.word == "fish")
    texts = ["A trout is a fish I like.", "The trout is a food fish.", "A bass is a spiny fish.", "Hm."]
    pairs = make_pairs([fish], [texts])
    assert [float(pair.similar) for pair in pairs] == equivalent([pair.texts for pair in pairs])
    assert ("A trout is a fish I like.", "The trout is a food fish.") in [pair.texts for pair in pairs if pair.similar]
    assert any(pair.second not in texts for pair in pairs)  # a rewording
