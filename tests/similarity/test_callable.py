import sys

import pytest

from darling_plugin.errors import ConfigError
from darling_plugin.similarity import CallableSimilarity, Similarity


@pytest.fixture
def user_module(tmp_path, monkeypatch):
    """A module of a user, importable as `users_similarities`."""
    (tmp_path / "users_similarities.py").write_text(
        "seen = []\n"
        "def same_length(pairs):\n"
        "    seen.append(pairs)\n"
        "    return [float(len(a) == len(b)) for a, b in pairs]\n"
        "class Judges:\n"
        "    always = staticmethod(lambda pairs: [1.0] * len(pairs))\n"
        "number = 3\n"
    )
    (tmp_path / "users_broken.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("users_similarities", "users_broken"):
        sys.modules.pop(name, None)


def test_calls_the_function_with_a_list_of_pairs(user_module):
    similarity = CallableSimilarity("users_similarities:same_length")
    assert similarity((("a", "b"), ("a", "bc"))) == [1.0, 0.0]
    assert sys.modules["users_similarities"].seen == [[("a", "b"), ("a", "bc")]]


def test_a_dotted_name_is_followed(user_module):
    assert CallableSimilarity("users_similarities:Judges.always")([("a", "b")]) == [1.0]


def test_follows_the_protocol(user_module):
    similarity = CallableSimilarity("users_similarities:same_length")
    assert isinstance(similarity, Similarity)
    assert (similarity.default_threshold, similarity.short_text_rule) == (0.5, "none")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "users_similarities",
            "`darling.similarity.function` must have the form `module:function`.*; got 'users_similarities'",
        ),
        (":f", "must have the form `module:function`"),
        ("m:", "must have the form `module:function`"),
        (None, "must have the form `module:function`.* got None"),
        ("users_missing:f", "is 'users_missing:f', and there is no module 'users_missing' on the Python path"),
        (
            "darling_plugin.countdown.judge:equivalent",
            "renamed; set darling_plugin.countdown.similarity:equivalent",
        ),
        ("users_similarities.inner:f", "there is no module 'users_similarities.inner'"),
        ("users_similarities:g", "is 'users_similarities:g', and 'users_similarities' has no 'g'"),
        ("users_similarities:Judges.never", "has no 'Judges.never'"),
        ("users_similarities:number", "is 'users_similarities:number', which is of type int, not a function"),
    ],
)
def test_a_wrong_name_is_refused_at_once(user_module, spec, message):
    with pytest.raises(ConfigError, match=message):
        CallableSimilarity(spec)


def test_an_import_error_inside_the_module_rises_as_it_is(user_module):
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        CallableSimilarity("users_broken:f")
