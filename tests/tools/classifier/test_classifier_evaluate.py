"""evaluate.py and outcome.py. (Not test_evaluate.py: pytest wants file names that differ, and countdown has one.)"""

import hashlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tiny_classifier import make_classifier

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.scorer import load_scorer, probabilities
from darling_plugin.tools.classifier import evaluate as evaluating
from darling_plugin.tools.classifier.baselines import NAMES
from darling_plugin.tools.classifier.evaluate import evaluate, judge, seen_prompts
from darling_plugin.tools.classifier.measures import metrics
from darling_plugin.tools.classifier.pairs import Pair, digest, key, labels
from darling_plugin.tools.classifier.results import OWN_DATA, Folds, print_table

PAIRS = [
    Pair("Name a fruit.", "a red apple", "red apple .", 1),
    Pair("Name a fruit.", "a red apple", "a green pear", 0),
    Pair("What to do?", "walk a dog", "a walk", 1),
    Pair("What to do?", "walk a dog", "", 0),
    Pair("Name a colour.", "red", "green", 0),
    Pair("Name a colour.", "red .", "a red", 1),
]


class CountingScorer:
    """logit(a, b) = len(a) − len(b); counts texts above three letters, and remembers what it was asked."""

    name = "counting"

    def __init__(self, **settings):
        self.card = Card(kind="bi-encoder", base_model="none", max_tokens=3, **settings)
        self.truncated = 0
        self.asked = []

    def logits(self, pairs, /, progress=None):
        self.asked.append(list(pairs))
        self.truncated += sum(len(text) > 3 for text in {text for pair in pairs for text in pair})
        for _ in pairs if progress else ():
            progress(1)
        return np.array([len(a) - len(b) for a, b in pairs], dtype=float)


@pytest.fixture
def folder(encoder, tmp_path):
    return make_classifier(tmp_path / "classifier", encoder, temperature=2.0, threshold=0.85)


def shown(evaluation, width=140):
    screen = io.StringIO()
    print_table(Console(file=screen, width=width), evaluation)
    return screen.getvalue()


def test_the_figures_are_those_of_the_stored_temperature_and_threshold(folder):
    found = evaluate(str(folder), PAIRS, baselines=False, device="cpu")
    texts = [pair.texts for pair in PAIRS]
    likely = probabilities(load_scorer(str(folder), device="cpu").logits(texts), 2.0)
    np.testing.assert_allclose(found.probabilities, likely, atol=1e-6)
    assert found.metrics == metrics(labels(PAIRS), found.probabilities, 0.85, prompts=[key(p.prompt) for p in PAIRS])
    assert (found.metrics.n, found.metrics.prompts, found.metrics.equivalents) == (6, 3, 3)
    assert found.threshold == 0.85
    assert found.verdicts_per_second > 0
    assert found.notes == []


def test_swapping_the_texts_of_every_pair_changes_no_figure(folder):
    swapped = [Pair(pair.prompt, pair.second, pair.first, pair.similar) for pair in PAIRS]
    first, second = (evaluate(str(folder), pairs, baselines=False, device="cpu") for pairs in (PAIRS, swapped))
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-6)
    assert first.metrics.auc == second.metrics.auc


def test_the_baselines_are_measured_on_the_same_pairs(folder, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = evaluate(str(folder), PAIRS, device="cpu")
    assert list(found.baselines) == list(NAMES)
    # Jaccard of words: red apple of a red apple, 2/3; a of five, 1/5; a walk of walk a dog, 2/3; red of a red, 1/2.
    jaccard = found.baselines["jaccard"]
    np.testing.assert_allclose(jaccard.scores, [2 / 3, 1 / 5, 2 / 3, 0, 0, 1 / 2])
    assert jaccard.ranking.auc == 1
    assert found.metrics.prompts == jaccard.ranking.prompts
    as_json = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert as_json["baselines"]["jaccard"] == 1
    assert as_json["baseline_details"]["jaccard"]["average_precision"] == 1
    assert {"auc", "accuracy", "f1", "n", "average_precision", "ece", "auc_low", "false_merges"} <= as_json.keys()
    table = shown(found)
    assert all(name in table for name in NAMES.values())


def test_missing_models_and_pairs_are_named(tmp_path, folder):
    with pytest.raises(ConfigError, match="holds no darling_classifier"):
        evaluate(str(tmp_path / "none"), PAIRS, baselines=False)
    with pytest.raises(InputError, match="`pairs` is empty"):
        evaluate(str(folder), [], baselines=False, device="cpu")


@pytest.mark.parametrize("similar", [0, 1])
def test_pairs_of_one_kind_have_no_auc_and_a_note(folder, similar):
    pairs = [pair for pair in PAIRS if pair.similar == similar]
    found = evaluate(str(folder), pairs, baselines=False, device="cpu")
    assert found.as_json()["auc"] is None
    kind = "equivalent" if similar else "distinct"
    assert found.notes == [f"All 3 pairs are {kind}: ROC AUC and average precision need both kinds."]
    assert found.notes[0] in shown(found)


def test_its_own_training_data_is_called_that(encoder, tmp_path):
    said = {"training_digest": digest(PAIRS), "training_prompts": []}
    folder = make_classifier(tmp_path / "classifier", encoder, provenance=said)
    found = evaluate(str(folder), PAIRS, baselines=False, device="cpu")
    assert found.as_json()["own_training_data"]
    assert found.notes == [OWN_DATA]
    assert "MEASURED ON ITS OWN TRAINING DATA" in shown(found)
    assert "--folds 5" in OWN_DATA
    assert evaluate(str(folder), PAIRS[:-1], baselines=False, device="cpu").notes == []


def test_prompts_that_were_trained_on_are_counted(encoder, tmp_path):
    # "What to do?" with other case and space; one that is not here.
    listed = ["name a fruit.", "what to do?", "another prompt"]
    hashes = [hashlib.sha256(prompt.encode()).hexdigest()[:16] for prompt in listed]
    folder = make_classifier(tmp_path / "classifier", encoder, provenance={"training_prompts": hashes})
    pairs = [*PAIRS, Pair("  WHAT to\ndo?", "a", "dog", 0)]
    found = evaluate(str(folder), pairs, baselines=False, device="cpu")
    assert found.seen_prompts == 2
    assert found.notes[0].startswith("2 of 3 prompts were trained on")


def test_a_card_without_a_list_of_prompts_says_nothing_about_them():
    assert seen_prompts(Card(kind="bi-encoder", base_model="none", max_tokens=3), PAIRS) is None


def test_the_share_of_cut_texts_is_of_the_distinct_ones():
    scorer = CountingScorer()
    pairs = [Pair("p", "abcd", "abc", 1), Pair("p", "abcd", "", 0), Pair("p", "abcde", "a", 0)]
    held = judge(scorer, pairs)
    assert (held.truncated, held.texts) == (2, 5)  # abcd, abcde; abc, "" and a


def test_no_text_is_seen_before_the_clock_starts():
    scorer = CountingScorer()
    judge(scorer, PAIRS)
    warm, timed = scorer.asked
    assert len(warm) == len(PAIRS)
    assert timed == [pair.texts for pair in PAIRS]
    assert not {text for pair in warm for text in pair} & {text for pair in timed for text in pair}


def test_probabilities_come_from_the_logits_at_the_cards_temperature():
    held = judge(CountingScorer(temperature=2.0, threshold=0.25), [Pair("p", "abcd", "ab", 1)])
    assert held.probabilities == pytest.approx([1 / (1 + np.exp(-2 / 2))])
    assert held.threshold == 0.25


def test_progress_is_told_in_lines():
    lines = []
    judge(CountingScorer(), PAIRS, lines.append)
    assert lines == [f"counting: {done} read" for done in range(1, 7)]


def test_the_name_in_the_table_is_no_markup(folder):
    found = evaluate(str(folder), PAIRS, baselines=False, device="cpu")
    assert "[bold]x[/bold] $y$" in shown(replace(found, model="[bold]x[/bold] $y$"))


def test_no_figure_is_cut_on_a_narrow_terminal(folder):
    found = evaluate(str(folder), PAIRS, baselines=False, device="cpu")
    table = shown(replace(found, model="a/long/folder/" * 9, verdicts_per_second=123456.0), width=80)
    figures = found.metrics
    assert all(f"{value:.3f}" in table for value in (figures.auc, figures.auc_low, figures.accuracy, figures.ece))
    assert "123,456" in table
    assert "…" not in table


def test_a_missing_library_stops_before_the_scoring(monkeypatch, folder):
    monkeypatch.setattr(evaluating, "load_scorer", lambda *given, **also: pytest.fail("it went on to the scoring"))
    monkeypatch.setattr("darling_plugin.similarity.packaged.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "darling-plugin\[classifier\]"'):
        evaluate(str(folder), PAIRS)


def test_mean_and_spread_of_folds():
    found = Folds(aucs=(0.7, None, 0.8, 0.9), thresholds=(0.5,) * 4)
    # Deviations −0.1, 0, 0.1: variance (0.01 + 0.01) / 2.
    assert (found.auc_mean, found.auc_sd) == (pytest.approx(0.8), pytest.approx(0.1))
    assert (Folds((0.7,), (0.5,)).auc_mean, Folds((0.7,), (0.5,)).auc_sd) == (0.7, None)
    assert (Folds((None,), (0.5,)).auc_mean, Folds((None,), (0.5,)).auc_sd) == (None, None)
