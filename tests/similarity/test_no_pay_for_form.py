"""A policy that is paid for diversity earns nothing by a full stop, case, Markdown or a line break."""

import json
import unicodedata

import numpy as np
import pytest

from darling_plugin import load_similarity, ngram_diversity, partition, partition_diversity
from darling_plugin.config import parse_settings
from darling_plugin.evaluation import distinct_n, self_bleu
from darling_plugin.objectives.base import Batch

ENGLISH = "After the rain the old man opened the door and saw three flowers in the yard"
CHINESE = "雨停了以后，老人推开木门，看见院子里的石榴树又开了三朵花，他想起很多年前离家的那个早晨"
FRENCH = "Après la pluie, l'élève a déjà dîné au café près de l'église où le curé lisait"


def dressed(text):
    """The text as a policy could dress it up."""
    return [text, text + ".", text.upper(), f"**{text}**", text + "\n", f"# {text}", f"- {text}\n\n", f"_{text}_!",
            unicodedata.normalize("NFD", text)]  # fmt: skip


def settings(name, tmp_path):
    if name == "judge":
        return {"model": "m", "url": "http://127.0.0.1:9/v1"}  # nothing listens there: it must not be asked
    if name == "callable":
        return {"function": "similarity.test_no_pay_for_form:always_distinct", "short_text_rule": "form"}
    if name == "cascade":
        file = tmp_path / "cascade.json"
        file.write_text(json.dumps({"first": "default", "second": "default", "low": 0.3, "high": 0.7}))
        return {"model": str(file)}
    return {}


def always_distinct(pairs):
    return np.zeros(len(pairs))


@pytest.mark.parametrize("name", ["classifier", "cascade", "judge", "embedding", "lexical", "callable"])
@pytest.mark.parametrize("text", ["Paris", "Café", ENGLISH, CHINESE, FRENCH])
def test_no_similarity_pays_for_form(name, text, tmp_path, monkeypatch):
    monkeypatch.setattr("darling_plugin.similarity.callable.load_function", lambda *_: always_distinct)
    similarity = load_similarity(name, **settings(name, tmp_path))
    texts = dressed(text)
    labels = partition(texts, ["p"] * len(texts), similarity)
    assert labels.tolist() == [0] * len(texts)
    assert partition_diversity(labels, ["p"] * len(texts)).tolist() == [0.1] * len(texts)  # the floor


@pytest.mark.parametrize("name", ["classifier", "cascade", "judge", "embedding", "lexical", "callable"])
def test_no_similarity_pays_for_writing_a_number_in_words(name, tmp_path, monkeypatch):
    monkeypatch.setattr("darling_plugin.similarity.callable.load_function", lambda *_: always_distinct)
    texts = ["42 days", "Forty-two days.", "**42.0** days", "forty two days", "84/2 days"]
    labels = partition(texts, ["p"] * len(texts), load_similarity(name, **settings(name, tmp_path)))
    assert labels.tolist() == [0] * len(texts)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, FRENCH])
def test_no_count_of_words_pays_for_form(text):
    texts = dressed(text)
    assert ngram_diversity(texts, [0] * len(texts)).tolist() == [0] * len(texts)
    assert distinct_n(texts, 4) == pytest.approx(distinct_n([text], 4) / len(texts))
    assert self_bleu(texts) == pytest.approx(1)
    assert load_similarity("lexical")([(text, other) for other in texts]).tolist() == [1] * len(texts)


@pytest.mark.parametrize("words", ["form", "authors"])
def test_the_ngram_objective_takes_the_authors_words_too(words):
    texts = ["we took a train", "We took a train."]
    uid, ones = np.zeros(2, dtype=int), np.ones(2)
    objective = parse_settings({"objective": "ngram", "options": {"words": words}}).build_objective()
    diversity = objective.score(Batch(uid=uid, texts=texts, quality=ones, correct=ones > 0)).diversity
    # Four words: one 4-gram. By the authors' words it is each text's own, by form it is shared.
    assert diversity.tolist() == ([0, 0] if words == "form" else [1, 1])


NEAR_COPIES = {
    "a Chinese story": (CHINESE, CHINESE.replace("三", "四"), CHINESE.replace("石榴", "苹果")),
    "a Japanese story": (
        "彼は駅まで歩いて、切符を買い、窓際の席に座って海を見た。",
        "彼は駅まで歩いて、切符を買い、通路側の席に座って海を見た。",
        "彼は駅まで走って、切符を買い、窓際の席に座って海を見た。",
    ),
    "a Thai story": (
        "เมื่อฝนหยุด ชายชราผลักประตูไม้ออกไปและเห็นดอกไม้สามดอกในสวน",
        "เมื่อฝนหยุด ชายชราผลักประตูไม้ออกไปและเห็นดอกไม้สี่ดอกในสวน",
        "เมื่อฝนหยุด หญิงชราผลักประตูไม้ออกไปและเห็นดอกไม้สามดอกในสวน",
    ),
}


@pytest.mark.parametrize("texts", NEAR_COPIES.values(), ids=NEAR_COPIES)
def test_a_text_without_spaces_is_not_one_word(texts):
    asked = []

    def similarity(pairs):
        asked.extend(pairs)
        return np.ones(len(pairs))

    assert partition(texts, [0] * 3, similarity, short_text_rule="form").tolist() == [0, 0, 0]
    assert len(asked) == 2, "the similarity is asked"
    assert partition(texts, [0] * 3, "lexical").tolist() == [0, 0, 0]
    # All of the first one's 4-grams are in one of the others; each of those has some of its own.
    assert (ngram_diversity(texts, [0] * 3) > 0).tolist() == [False, True, True]
    assert distinct_n(texts, 4) > 0 and 0 < self_bleu(texts) < 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (unicodedata.normalize("NFC", FRENCH), unicodedata.normalize("NFD", FRENCH)),
        ("The code is 1234 and the door is on the left side", "The code is １２３４ and the door is on the left side"),
        ("ＡＢＣ", "abc"),
    ],
)
def test_unicodes_variants_are_one_text(a, b):
    assert partition([a, b], [0, 0], always_distinct, short_text_rule="form").tolist() == [0, 0]
