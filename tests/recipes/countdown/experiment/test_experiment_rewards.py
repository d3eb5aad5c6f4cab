"""Who similarities, how wrong it is, and what a response earns."""

import numpy as np
import pytest

from darling_plugin.core import ngram_diversity
from darling_plugin.core.partition import find_partition
from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.similarity import equivalent
from recipes.countdown.experiment.char_tokenizer import compute_score, spaced, spaced_policy
from recipes.countdown.experiment.noise import NoisySimilarity, flipped, named
from recipes.countdown.experiment.rewards import Rewards, quality_of
from recipes.countdown.experiment.settings import METHODS, Run
from recipes.countdown.model import EOS, VOCABULARY

PROMPT = Prompt((3, 8, 1, 7, 2), 19)
# Two of one class, one of another, one wrong.
TEXTS = ["3*7-2", "7*3-2", "2*8+3", "1+2"]
UID = [0, 0, 0, 0]
QUALITY = np.array([1.0, 1.0, 1.0, 0.0])


def rewards(**settings):
    return Rewards(Run(**settings))(0, TEXTS, UID, QUALITY)


def test_quality_is_right_or_wrong():
    assert quality_of([PROMPT] * 4, TEXTS).tolist() == QUALITY.tolist()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # d: 2/3 for the pair, 1 for the others. r = q·d = 2/3, 2/3, 1, 0; mean 7/12.
        ("darling", [1 / 12, 1 / 12, 5 / 12, -7 / 12]),
        # r = q; mean 3/4.
        ("grpo", [1 / 4, 1 / 4, 1 / 4, -3 / 4]),
        # Among three correct ones: d = 1/2, 1/2, 1, and the wrong one earns nothing; mean 1/2.
        ("correct_only", [0.0, 0.0, 1 / 2, -1 / 2]),
        # r = q + d = 5/3, 5/3, 2, 1; mean 19/12.
        ("additive", [1 / 12, 1 / 12, 5 / 12, -7 / 12]),
    ],
)
def test_advantages_by_hand(method, expected):
    assert rewards(**METHODS[method]).advantages == pytest.approx(expected)


def test_advantages_divided_by_the_standard_deviation():
    # r = 1, 1, 1, 0: centered 1/4, 1/4, 1/4, −3/4; variance (3/16 + 9/16) / 3 = 1/4, its root 1/2.
    assert rewards(**METHODS["grpo_std"]).advantages == pytest.approx([0.5, 0.5, 0.5, -1.5], rel=1e-5)


def test_the_ngram_baseline_counts_characters_and_the_end():
    # `3 * 7 - 2 .` has 3 4-grams and shares none but `- 2` with `7 * 3 - 2 .`; `1 + 2 .` has one.
    result = rewards(**METHODS["ngram"])
    assert result.labels is None
    assert result.rewards.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert ngram_diversity([spaced("8*3"), spaced("8*3")], [0, 0], words="authors").tolist() == [0.0, 0.0]
    assert ngram_diversity([spaced("8*3"), spaced("1+2")], [0, 0], words="authors").tolist() == [
        1.0,
        1.0,
    ]  # not too short for one
    assert spaced("8*3") == "8 * 3 ." and spaced("") == ""


def test_verls_tokenizer_writes_words_as_the_loop_does(untrained, tmp_path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(spaced_policy(tmp_path / "spaced", untrained))
    for text in [*TEXTS, "8*3", "", "38+1*2-4"]:
        ids = [VOCABULARY[character] for character in text] + [VOCABULARY[EOS]]
        assert tokenizer.batch_decode([ids], skip_special_tokens=True) == [spaced(text)]
    assert tokenizer("38172=19:")["input_ids"] == [VOCABULARY[character] for character in "38172=19:"]
    truth = {"digits": PROMPT.digits, "target": PROMPT.target}
    scores = [compute_score("countdown", spaced(text), truth)["score"] for text in TEXTS]
    assert scores == QUALITY.tolist()


@pytest.mark.parametrize(("false_same", "false_different"), [(0.1, 0.1), (0.3, 0.0), (0.0, 0.2)])
def test_verdicts_are_wrong_as_often_as_asked(false_same, false_different):
    count = 20_000
    similarity = NoisySimilarity(equivalent, false_same, false_different, np.random.default_rng(0))
    said_same = similarity([("3*7-2", "2*8+3")] * count).mean()
    said_different = 1 - similarity([("3*7-2", "7*3-2")] * count).mean()
    # Four standard errors of a share of 20,000: at most 4 · 0.5 / 141 = 0.014; none where the rate is 0.
    assert said_same == pytest.approx(false_same, abs=0.014 if false_same else 0.0)
    assert said_different == pytest.approx(false_different, abs=0.014 if false_different else 0.0)
    assert flipped([("3*7-2", "2*8+3")] * count).mean() == pytest.approx(0.1, abs=0.014)


def test_each_copy_of_a_text_has_verdicts_of_its_own():
    copies = ["3*7-2"] * 30
    similarity = NoisySimilarity(equivalent, 0.0, 1.0, np.random.default_rng(0))
    labels = find_partition(named(copies), [0] * 30, similarity, short_text_rule=False).labels
    assert labels.tolist() == list(range(30))  # always called different
    # Each of 435 pairs is joined one time in fifty: about nine joins.
    seldom = NoisySimilarity(equivalent, 0.0, 0.98, np.random.default_rng(0))
    found = find_partition(named(copies), [0] * 30, seldom, short_text_rule=False)
    assert 1 < len(set(found.labels.tolist())) < 30


def test_without_errors_names_change_nothing():
    exact = rewards()
    renamed = Rewards(Run(false_same=1e-12))(0, TEXTS, UID, QUALITY)
    assert renamed.labels.tolist() == exact.labels.tolist() == [0, 0, 1, 2]


def test_wrong_verdicts_are_the_same_for_the_same_step():
    noisy = Rewards(Run(false_same=0.3, false_different=0.3))
    uid = [row // 4 for row in range(80)]
    once, again, later = (noisy(step, TEXTS * 20, uid, np.tile(QUALITY, 20)) for step in (4, 4, 5))
    assert once.labels.tolist() == again.labels.tolist() != later.labels.tolist()


def test_one_false_same_joins_classes_by_closure_and_not_by_representatives():
    # Ten classes, every text twice. At 0.2 each of 190 pairs is wrongly joined one time in five: the closure is one
    # class almost surely; representatives keep several.
    texts = [f"{a}+{b}" for a in (1, 2) for b in range(3, 8)] * 2
    groups, quality = [0] * 20, np.ones(20)
    closure = Rewards(Run(false_same=0.2))(0, texts, groups, quality)
    by_few = Rewards(Run(false_same=0.2, representatives=True))(0, texts, groups, quality)
    assert len(set(closure.labels.tolist())) < len(set(by_few.labels.tolist()))
