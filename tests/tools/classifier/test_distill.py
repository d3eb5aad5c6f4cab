import pytest

from darling_plugin.errors import InputError
from darling_plugin.tools.classifier.distill import OWN_DRAW, agreement, distill, label_pairs
from darling_plugin.tools.classifier.pairs import Pair, digest, split_by_prompt
from darling_plugin.tools.classifier.recipe import make_recipe


class Says:
    """A similarity that gives what it was told for a pair, and 0 for others."""

    short_text_rule = False

    def __init__(self, told, threshold=0.5):
        self.told = told
        self.default_threshold = threshold

    def __call__(self, pairs):
        return [self.told.get(frozenset(pair), 0.0) for pair in pairs]


def pairs_of(prompt, *texts):
    return [Pair(prompt, a, b, 0) for j, b in enumerate(texts) for a in texts[:j]]


def test_targets_are_the_teachers_logits_from_its_threshold():
    # threshold 0.2, log-odds log(1/4); P = 0.5 is log-odds 0: σ(log 4) = 4/5. P = 0.2 is on the threshold: 1/2.
    teacher = Says({frozenset("ab"): 0.5, frozenset("ac"): 0.2, frozenset("bc"): 0.0}, threshold=0.2)
    found = {frozenset(pair.texts): pair for pair in label_pairs(teacher, pairs_of("p", "a", "b", "c"))}
    assert [found[frozenset(key)].similar for key in ("ab", "ac", "bc")] == [1, 0, 0]
    targets = [found[frozenset(key)].target for key in ("ab", "ac", "bc")]
    assert targets == pytest.approx([0.8, 0.5, 0.0], abs=1e-5)


def test_agreement_is_of_whole_groups():
    # Teacher: {a, b}, {c}; and {d, e}. The student joins a with c instead, and d with e.
    held = label_pairs(
        Says({frozenset("ab"): 0.9, frozenset("de"): 0.9}), pairs_of("p", "a", "b", "c") + pairs_of("q", "d", "e")
    )
    student = Says({frozenset("ac"): 0.9, frozenset("de"): 0.8, frozenset("ab"): 0.4})
    found = agreement(held, student)
    # Adjusted Rand of {ab}{c} and {ac}{b}: index 0, expected 1·1/3, most 1: −1/3 / (2/3) = −0.5; of q 1. Mean 0.25.
    assert found.adjusted_rand == pytest.approx(0.25)
    assert (found.prompts, found.pairs, found.texts, found.same_classes) == (2, 4, 5, 0.5)
    # P of equivalent pairs {0.4, 0.8} against distinct {0.9, 0.0}: 2 of 4 comparisons are right.
    assert found.auc == pytest.approx(0.5)


def test_a_target_is_part_of_what_a_model_was_trained_on():
    assert (
        digest([Pair("p", "a", "b", 1, 0.9)])
        != digest([Pair("p", "a", "b", 1, 0.8)])
        != digest([Pair("p", "a", "b", 1)])
    )


def test_without_groups_there_is_nothing_to_learn(tmp_path):
    with pytest.raises(InputError, match="give more prompts"):
        distill(Says({}), {"p": ["alone"]}, tmp_path / "out", make_recipe())


def test_the_prompts_held_out_are_not_those_for_calibration():
    pairs = [Pair(f"prompt {k}", "a", "b", 0) for k in range(400)]
    learn = split_by_prompt(pairs, {"learn": 0.8, "held": 0.2}, OWN_DRAW)["learn"]
    found = {name: len(own) for name, own in split_by_prompt(learn, make_recipe().shares, 0).items()}
    # Shares 0.75, 0.1, 0.15 of about 320; with one draw for both, calibration would get none.
    assert 210 <= found["train"] <= 270 and 15 <= found["validation"] <= 50 and 25 <= found["calibration"] <= 75
