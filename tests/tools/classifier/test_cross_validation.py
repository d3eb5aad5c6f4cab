import json

import numpy as np
import pytest
from tiny_classifier import make_classifier

from darling_plugin.errors import InputError
from darling_plugin.similarity.classifier.card import FILE
from darling_plugin.similarity.classifier.scorer import load_scorer, probabilities
from darling_plugin.tools.classifier.cross_validation import SCORES, cross_validate
from darling_plugin.tools.classifier.measures import ranking
from darling_plugin.tools.classifier.pairs import Pair, folds_by_prompt, labels
from darling_plugin.tools.classifier.results import print_table

# Nine prompts, two pairs each.
PAIRS = [
    pair
    for number, word in enumerate(["apple", "pear", "dog"] * 3)
    for pair in (
        Pair(f"prompt {number}", f"a red {word}", f"red {word} .", 1),
        Pair(f"prompt {number}", f"a red {word}", f"walk {'a ' * number}green", 0),
    )
]
RECIPE = {"epochs": 2}


class Trainer:
    """A recipe that trains nothing: a tiny random classifier, with a threshold that says how often it was called."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.calls = []
        self.interrupt_at = None

    def __call__(self, pairs, folder):
        self.calls.append((list(pairs), folder, sorted(path.name for path in folder.glob("*"))))
        if len(self.calls) == self.interrupt_at:
            folder.mkdir()
            (folder / "checkpoint").touch()
            raise KeyboardInterrupt
        if folder.exists():
            (folder / "checkpoint").unlink()
            folder.rmdir()
        make_classifier(folder, self.encoder, threshold=len(self.calls) / 10)


@pytest.fixture
def trainer(encoder):
    return Trainer(encoder)


def validate(trainer, work, pairs=PAIRS, recipe=RECIPE, **options):
    return cross_validate(pairs, 3, trainer, recipe=recipe, work=work, baselines=False, device="cpu", **options)


def test_each_pair_is_scored_once_by_a_classifier_that_never_saw_its_prompt(trainer, tmp_path):
    found = validate(trainer, tmp_path)
    assert len(trainer.calls) == 3
    held_out = [set(PAIRS) - set(trained) for trained, _, _ in trainer.calls]
    assert set().union(*held_out) == set(PAIRS)
    assert sum(map(len, held_out)) == len(PAIRS)
    for (trained, _, _), left in zip(trainer.calls, held_out, strict=True):
        assert not {pair.prompt for pair in trained} & {pair.prompt for pair in left}
    assert found.metrics.n == len(PAIRS)


def test_figures_are_pooled_at_each_folds_own_threshold(trainer, tmp_path):
    found = validate(trainer, tmp_path)
    assert (found.threshold, found.folds.thresholds) == (None, (0.1, 0.2, 0.3))
    likely, called = np.empty(len(PAIRS)), np.empty(len(PAIRS), dtype=bool)
    for fold, rows in enumerate(folds_by_prompt(PAIRS, 3, 0)):
        scorer = load_scorer(str(trainer.calls[fold][1]), device="cpu")
        likely[rows] = probabilities(scorer.logits([PAIRS[row].texts for row in rows]), 1.0)
        called[rows] = likely[rows] > (fold + 1) / 10
        assert found.folds.aucs[fold] == ranking(labels(PAIRS)[rows], likely[rows]).auc
    np.testing.assert_allclose(found.probabilities, likely, atol=1e-6)
    assert found.metrics.accuracy == (called == (labels(PAIRS) == 1)).mean()
    assert found.metrics.auc == pytest.approx(ranking(labels(PAIRS), likely).auc)
    assert found.as_json()["folds"]["auc_mean"] == pytest.approx(np.mean(found.folds.aucs))
    json.dumps(found.as_json(), allow_nan=False)


def test_a_rerun_trains_nothing_and_finds_the_same(trainer, tmp_path):
    lines = []
    first = validate(trainer, tmp_path, progress=lines.append)
    assert lines[:3] == [
        "fold 1 of 3: training on 12 pairs",
        "fold 1 of 3: scoring 6 pairs",
        "fold 2 of 3: training on 12 pairs",
    ]
    lines.clear()
    again = validate(trainer, tmp_path, progress=lines.append)
    assert len(trainer.calls) == 3
    assert again.as_json() == first.as_json()
    assert lines == [f"fold {number} of 3: scored before" for number in (1, 2, 3)]


def test_an_interrupted_run_goes_on_where_it_was(trainer, tmp_path):
    trainer.interrupt_at = 2
    with pytest.raises(KeyboardInterrupt):
        validate(trainer, tmp_path)
    validate(trainer, tmp_path)
    folders = [folder for _, folder, _ in trainer.calls]
    # The first fold once; the second again, in the same folder, with what it had left there; the third.
    assert len(folders) == 4
    assert folders[1] == folders[2]
    assert [there for _, _, there in trainer.calls] == [[], [], ["checkpoint"], []]


def test_a_classifier_whose_scores_were_not_stored_is_trained_again(trainer, tmp_path):
    validate(trainer, tmp_path)
    folder = trainer.calls[1][1]
    (folder.parent / SCORES).unlink()
    assert (folder / FILE).exists()
    validate(trainer, tmp_path)
    assert [again for _, again, _ in trainer.calls[3:]] == [folder]
    assert trainer.calls[3][2] == []


@pytest.mark.parametrize(
    "other",
    [
        {"recipe": {"epochs": 3}},
        {"pairs": [*PAIRS[:-1], Pair(PAIRS[-1].prompt, PAIRS[-1].first, "dog", 0)]},
        {"seed": 1},
    ],
    ids=["recipe", "pairs", "seed"],
)
def test_another_recipe_other_pairs_or_another_seed_are_trained_anew(trainer, tmp_path, other):
    validate(trainer, tmp_path)
    validate(trainer, tmp_path, **other)
    assert len({folder for _, folder, _ in trainer.calls}) == 6
    # And what was there before is still there.
    validate(trainer, tmp_path)
    assert len(trainer.calls) == 6


def test_the_table_shows_the_folds(trainer, tmp_path, capsys):
    from rich.console import Console

    found = validate(trainer, tmp_path, name="MiniLM, two epochs")
    print_table(Console(width=140), found)
    table = capsys.readouterr().out
    assert "MiniLM, two epochs" in table
    assert f"ROC AUC of the folds: {found.folds.auc_mean:.3f} ± {found.folds.auc_sd:.3f}" in table
    assert "each fold's own threshold" in table


def test_a_fold_of_one_kind_has_no_auc_of_its_own(trainer, tmp_path):
    # All three equivalent pairs are of one prompt, which is in one fold.
    alike = [Pair("prompt 0", "a red apple", f"red {word}", 1) for word in ("apple", "pear", "dog")]
    pairs = [*alike, *(Pair(f"prompt {number}", "a red apple", "a pear", 0) for number in range(9))]
    found = validate(trainer, tmp_path, pairs)
    assert sum(auc is None for auc in found.folds.aucs) == 2
    assert found.folds.auc_sd is None
    assert found.metrics.auc is not None


def test_too_few_prompts_are_refused(trainer, tmp_path):
    with pytest.raises(InputError, match="3 folds need pairs of at least 3 prompts, got 2"):
        validate(trainer, tmp_path, PAIRS[:4])
    assert trainer.calls == []
