import pytest

from darling_plugin.errors import InputError
from darling_plugin.form.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The quick, *brown* fox!", ["the", "quick", "brown", "fox"]),
        ("他买了3本书。", ["他", "买", "了", "3", "本", "书"]),
        ("少年は海", ["少", "年", "は", "海"]),
        ("เมือง", ["เ", "มื", "อ", "ง"]),  # a mark belongs to its consonant
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("مرحبا، يا عالم", ["مرحبا", "يا", "عالم"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("don't go", ["don't", "go"]),
        ("1,250 or 007 or 42.0", ["1250", "or", "7", "or", "42"]),
        ("2-3 is -1", ["2", "-", "3", "is", "-1"]),
        ("well-known – dash", ["well", "known", "dash"]),
        ("(a + b) * c", ["(", "a", "+", "b", ")", "*", "c"]),
        ("Paris (France)", ["paris", "france"]),
        ("C++ or C#", ["c++", "or", "c#"]),
        ("1. One\n2. Two", ["one", "two"]),
        ("🙂 ok", ["🙂", "ok"]),
        ("", []),
        (" \n", []),
        ("...", []),
    ],
)
def test_words_as_the_script_has_them(text, expected):
    assert words(text) == expected


def test_the_authors_words_are_what_whitespace_separates():
    assert words("The cat, 雨停了", "authors") == ["The", "cat,", "雨停了"]
    with pytest.raises(InputError, match="`words` must be one of form, authors; got 'icu'"):
        words("a", "icu")
