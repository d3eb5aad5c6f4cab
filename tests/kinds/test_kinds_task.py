import pytest

from darling_plugin.kinds.reward import compute_score
from darling_plugin.kinds.similarity import equivalent
from darling_plugin.kinds.task import Category, named, prompt_text, singulars, verify


@pytest.fixture
def fish(tiny):
    return Category("fish", tiny.senses["fish"][0])


def test_prompt(fish):
    assert prompt_text(fish) == "Name a kind of fish and say something about it."


@pytest.mark.parametrize(
    ("response", "noun", "said"),
    [
        ("A trout is a food fish.", "trout", 4),
        ("One is the brown trout, which has spots.", "brown_trout", 3),  # the longest noun
        ("Perches: fish with spines.", "perch", 3),  # a plural
        ("I would name the bass.", "bass", 0),
        ("Geese fly.", None, 0),  # a plural whose singular is no noun here
        ("Trout-like things swim.", None, 0),
        ("An example is the small trout, a fish.", "trout", 2),  # the last noun of the phrase
        ("A trout fish is a food.", "fish", 3),
        ("A bass made of wood swims.", "bass", 4),
        ("A trout I saw in a river in my youth.", None, 0),  # "trout I saw" ends with no noun
        ("", None, 0),
    ],
)
def test_what_a_response_names(tiny, response, noun, said):
    found = named(response)
    assert (found.noun, found.said) == (noun, said) if noun else found is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("An oak is a kind of tree.", "no fish"),
        ("A fish is an animal of the water.", "the category itself"),
        ("A trout.", "nothing is said"),
        ("A trout is a food fish", "no end"),
        ("A trout is a fish. A bass is one too.", "two sentences"),
        ("A trout tree is a food fish.", "the phrase ends with another noun"),
        ("", "empty"),
    ],
)
def test_wrong_responses(fish, response, reason):
    assert verify(fish, response) is None, reason


def test_the_class_of_a_right_response_is_its_synset_whatever_the_wording(fish, tiny):
    brown = tiny.senses["brown_trout"][0]
    assert verify(fish, "A brown trout is a fish of rivers.") == brown
    assert verify(fish, " I would name salmon trouts, speckled and European.\n") == brown
    assert verify(fish, "The bass is a spiny fish.") == tiny.senses["bass"][0]  # the voice is no kind of fish


def test_equivalent_is_about_what_is_named(tiny):
    pairs = [
        ("An oak is a tree.", "One is the oak tree, tall and old."),
        ("A trout is a fish.", "A brown trout is a fish."),  # a kind of it, but not it
        ("A bass is a fish.", "The basso is sung."),  # any sense will do
        ("Hm, what?", "Hm, what? "),
        ("Hm, what?", "Hm, who?"),
        ("A trout is a fish.", "Hm, what?"),
    ]
    assert equivalent(pairs) == [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    assert equivalent([]) == []


def test_reward_reads_the_ground_truth(fish):
    assert compute_score("kinds", "A trout is a food fish.", fish._asdict()) == {"score": 1.0, "acc": 1.0}
    assert compute_score("kinds", "An oak is a big tree.", fish._asdict()) == {"score": 0.0, "acc": 0.0}


def test_reward_says_what_a_ground_truth_must_be():
    with pytest.raises(ValueError, match=r"got '\{\}'.*expected.*\"word\": \"fish\""):
        compute_score("kinds", "A trout is a food fish.", "{}")


@pytest.mark.parametrize(
    ("word", "singular"), [("foxes", "fox"), ("berries", "berry"), ("trouts", "trout"), ("ashes", "ash")]
)
def test_singulars(tiny, word, singular):
    assert singular in singulars(word)


def test_no_singular_of_glass(tiny):
    assert singulars("glass") == ["glass"]
