import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from darling_plugin.errors import InputError, MissingDependencyError
from darling_plugin.evaluation import distinct_n, self_bleu
from darling_plugin.similarity import packaged

word_lists = st.lists(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("texts", "expected", "why"),
    [
        (["the cat sat down"] * 3, 1, "copies"),
        (["the cat sat down", "a dog ran off"], 0, "no token in common"),
        (["the cat sat down", "the cat sat down", "a dog ran off"], 2 / 3, "two copies and a stranger"),
        (["yes", "yes"], 1, "shorter than four words: BLEU of the orders that there are"),
        (["", ""], 0, "no tokens"),
        # Precisions 2/4 and 1/3; of the 2 trigrams and of the one 4-gram none match, smoothed to 1/(2·2) and 1/(4·1).
        (["the cat sat down", "the cat ran off"], (2 / 4 * 1 / 3 * 1 / 4 * 1 / 4) ** (1 / 4), "worked by hand"),
    ],
)
def test_self_bleu(texts, expected, why):
    assert self_bleu(texts) == pytest.approx(expected, abs=1e-9), why


def test_self_bleu_is_sacrebleus_against_all_the_others():
    texts = ["the cat sat on the mat", "a cat sat on a mat", "the dog sat on the mat and slept"]
    expected = [
        sacrebleu.sentence_bleu(texts[0], [texts[1], texts[2]], use_effective_order=True).score,
        sacrebleu.sentence_bleu(texts[1], [texts[0], texts[2]], use_effective_order=True).score,
        sacrebleu.sentence_bleu(texts[2], [texts[0], texts[1]], use_effective_order=True).score,
    ]
    assert self_bleu(texts) == pytest.approx(sum(expected) / 300)
    assert self_bleu(texts[::-1]) == pytest.approx(self_bleu(texts))


@pytest.mark.parametrize(
    ("texts", "n", "expected", "why"),
    [
        (["a b c", "a b d"], 2, 3 / 4, "ab, bc, ab, bd"),
        (["a b c", "a b d"], 1, 4 / 6, "a, b, c, d of six words"),
        (["a b", "c d"], 2, 1, "bc would cross texts"),
        (["a a a a"], 1, 1 / 4, "one word four times"),
        (["a b", "a b"], 2, 1 / 2, "copies"),
        (["A", "a."], 1, 1 / 2, "case and punctuation are no words"),
        (["雨停了", "雨停止"], 1, 4 / 6, "雨, 停, 了, 止"),
        (["a b", "c"], 3, 0, "no text of three words"),
        (["", ""], 1, 0, "no words"),
        ([], 2, 0, "no texts"),
    ],
)
def test_distinct_n(texts, n, expected, why):
    assert distinct_n(texts, n) == expected, why


@settings(deadline=None)
@given(word_lists, st.integers(1, 3))
def test_distinct_n_of_everything_twice_is_half(texts, n):
    assert distinct_n(texts * 2, n) == pytest.approx(distinct_n(texts, n) / 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: self_bleu(["one"]), "`texts` must hold at least two texts to compare, got 1"),
        (lambda: self_bleu("one text"), "`texts` must be a sequence of strings, got one string"),
        (lambda: self_bleu(["a", None]), r"`texts\[1\]` must be a string, got NoneType"),
        (lambda: distinct_n(["a"], 0), "`n` must be a whole number of at least 1, got 0"),
        (lambda: distinct_n("a b"), "got one string"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_missing_library_names_its_command(monkeypatch):
    monkeypatch.setattr(packaged, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"sacrebleu is needed .* pip install"):
        self_bleu(["a", "b"])
