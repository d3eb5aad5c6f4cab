from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darling_plugin.errors import MissingDependencyError
from darling_plugin.similarity import packaged
from darling_plugin.tools.classifier.baselines import NAMES, baselines, bert_score, bleu, rouge_1

ODD = ["", " ", "\n", "a", "!?", "你好", "🙂", "\ud800 lone", "\x00", "word " * 600, "x" * 2000]


@pytest.fixture(scope="module")
def real():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        functions = baselines("cpu")
        functions["embedding"]([("load", "now")])
        yield functions


class LetterEncoder:
    """Each letter is a token: a → (1, 0), b → (0, 1), c → (3, 4); with a first and a last token of its own."""

    VECTORS: ClassVar = {"a": (1.0, 0.0), "b": (0.0, 1.0), "c": (3.0, 4.0)}

    def encode(self, texts, **options):
        import torch

        assert options["output_value"] == "token_embeddings"
        own = (9.0, 9.0)
        return [torch.tensor([own, *(self.VECTORS[letter] for letter in text), own]) for text in texts]


def test_the_names_are_those_of_the_functions(real):
    assert list(real) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_equal_texts_score_one_and_others_less(real, name):
    text = "The old dog sleeps by the fire."
    same, other = real[name]([(text, text), (text, "Interest rates rose again in March!")])
    assert same == pytest.approx(1, abs=1e-6)
    assert 0 <= other < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_more_alike_scores_higher(real, name):
    text = "The old dog sleeps by the fire."
    near, far = real[name]([(text, "The old cat sleeps by the warm fire."), (text, "The rates rose by a third.")])
    assert near > far


@pytest.mark.parametrize("name", NAMES)
def test_any_text_can_be_scored_and_swapped(real, name):
    pairs = [(a, b) for a in ODD for b in ODD]
    scores = real[name](pairs)
    assert scores.shape == (len(pairs),)
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1 + 1e-6
    matrix = scores.reshape(len(ODD), len(ODD))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)
    np.testing.assert_allclose(np.diag(matrix), 1, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_no_pairs_have_no_scores(real, name):
    assert real[name]([]).shape == (0,)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(a=st.text(max_size=60), b=st.text(max_size=60))
@pytest.mark.parametrize("function", [bleu, rouge_1])
def test_word_metrics_are_symmetric(function, a, b):
    there, back, own = function([(a, b), (b, a), (a, a)])
    assert there == pytest.approx(back)
    assert 0 <= there <= 1 + 1e-9
    assert own == 1


def test_rouge_1_worked_by_hand():
    # the ×2, cat ×1 are shared by "the cat the" (3 words) and "the the the cat" (4): P 3/4, R 1, F1 6/7.
    assert rouge_1([("the cat the", "The the the CAT")])[0] == pytest.approx(6 / 7)


def test_bleu_worked_by_hand():
    # Precisions of "a b c d": 3/4 of its words, 2/3 of its pairs, 1/2 of its triples, 0 of its one four, which
    # smoothing makes 1/2. Equal lengths: no brevity penalty, and the same backwards.
    assert bleu([("a b c d", "a b c e")])[0] == pytest.approx((3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** (1 / 4))


def test_bleu_is_the_mean_of_both_directions():
    # "a b" in "a b c d": precisions 1, brevity penalty e^(1 − 4/2). The converse: 2/4, 1/3, then 0 of 2 and 0 of 1,
    # which smoothing makes (1/2)/2 and (1/4)/1.
    short, long = np.exp(-1), (2 / 4 * 1 / 3 * 1 / 4 * 1 / 4) ** (1 / 4)
    assert bleu([("a b", "a b c d")])[0] == pytest.approx((short + long) / 2)


def test_bert_score_worked_by_hand():
    # cos(a, c) = 3/5, cos(b, c) = 4/5. "ab" against "c": P = (3/5 + 4/5) / 2 = 0.7, R = max = 0.8.
    # "a" against "b": no cosine above 0. Nothing against nothing, and against something.
    scores = bert_score([("ab", "c"), ("a", "b"), ("abc", "cba"), ("", ""), ("", "a")], LetterEncoder())
    np.testing.assert_allclose(scores, [2 * 0.7 * 0.8 / 1.5, 0, 1, 1, 0], atol=1e-6)


def test_bert_score_of_many_pairs_goes_in_chunks():
    pairs = [("ab", "c"), ("a", "b")] * 50
    np.testing.assert_allclose(bert_score(pairs, LetterEncoder()), [2 * 0.7 * 0.8 / 1.5, 0] * 50, atol=1e-6)


@pytest.mark.parametrize("module", ["sacrebleu", "rouge_score"])
def test_a_missing_library_names_its_command(monkeypatch, module):
    monkeypatch.setattr(packaged, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(MissingDependencyError, match=rf'{module} .* pip install "darling-plugin\[classifier\]"'):
        baselines()
