import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import darling_plugin
from darling_plugin import PipelineSettings, run_pipeline
from darling_plugin.core import group_metrics
from darling_plugin.errors import InputError

TEXTS, UID, QUALITY = ["a", "b", "c", "x", "y"], ["p", "p", "p", "q", "q"], [1.0, 1.0, 0.0, 1.0, 0.0]
NO_RULE = {"short_text_rule": False}


def test_one_batch_by_hand(judge_saying_yes_to):
    result = run_pipeline(TEXTS, UID, QUALITY, judge_saying_yes_to(["ab"]), PipelineSettings(**NO_RULE))
    assert result.labels.tolist() == [0, 0, 1, 0, 1]
    assert result.correct.tolist() == [True, True, False, True, False]
    assert result.diversity.tolist() == [0.5, 0.5, 1, 1, 1]  # p: (3 − 2)/2 twice, (3 − 1)/2; q: (2 − 1)/1
    assert result.rewards.tolist() == [0.5, 0.5, 0, 1, 0]
    np.testing.assert_allclose(result.advantages, [1 / 6, 1 / 6, -1 / 3, 1 / 2, -1 / 2])  # means 1/3 and 1/2
    # Round 1 asks ab, ac and xy; round 2 bc, since c is not in the class of b.
    assert (result.verdicts_asked, result.verdicts_avoided, result.rounds) == (4, 0, 2)


def test_among_the_correct_ones(judge_saying_yes_to):
    settings = PipelineSettings(among="correct", **NO_RULE)
    result = run_pipeline(TEXTS, UID, QUALITY, judge_saying_yes_to(["ab"]), settings)
    assert result.labels.tolist() == [0, 0, -1, 0, -1]
    assert result.diversity.tolist() == [0.1, 0.1, 0.1, 1, 0.1]  # a, b equivalent; x is the only correct one of q
    assert result.verdicts_asked == 1


def test_correct_is_above_the_threshold(judge_saying_yes_to):
    settings = PipelineSettings(correct_threshold=1.0)
    assert not run_pipeline(TEXTS, UID, QUALITY, judge_saying_yes_to([]), settings).correct.any()


def test_ngram_diversity_needs_no_judge():
    settings = PipelineSettings(diversity="ngram", ngram=1, floor=0.2)
    result = run_pipeline(["a b", "b c", "c"], [0, 0, 0], [1, 1, 0], None, settings)
    assert result.labels is None
    assert result.diversity.tolist() == [0.5, 0, 0]  # a; nothing, as c is shared; nothing
    assert (result.verdicts_asked, result.verdicts_avoided, result.rounds) == (0, 0, 0)
    correct = run_pipeline(
        ["a b", "b c", "c"],
        [0, 0, 0],
        [1, 1, 0],
        None,
        PipelineSettings(**{"diversity": "ngram", "ngram": 1, "floor": 0.2, "among": "correct"}),
    )
    assert correct.diversity.tolist() == [0.5, 0.5, 0.2]  # the third is left out: c is the second's own


def test_settings_reach_their_steps(judge_saying_yes_to):
    judge = judge_saying_yes_to(["ab"])

    def run(**settings):
        return run_pipeline(TEXTS, UID, QUALITY, judge, PipelineSettings(**(NO_RULE | settings)))

    assert run(threshold=1.0).labels.tolist() == [0, 1, 2, 0, 1]
    assert run(floor=0.6).diversity.tolist() == [0.6, 0.6, 1, 1, 1]
    assert run(among="correct", alone=0.4).diversity[3] == 0.4
    assert run(mode="additive", weight=2.0).rewards.tolist() == [2, 2, 2, 3, 2]
    assert run(mode="quality").rewards.tolist() == QUALITY
    np.testing.assert_allclose(run(normalize_by_std=True).advantages[3:], [0.5**0.5, -(0.5**0.5)], atol=1e-5)
    shifted = run_pipeline(["a", "b"], [0, 0], [-3.0, -1.0], judge, PipelineSettings(shift="group_min", **NO_RULE))
    assert shifted.rewards.tolist() == [0, 0.2]  # 0 and 2, times the floor
    # The rule says that "a" and "b" share no word, and the judge is not asked.
    assert run(short_text_rule=True).labels.tolist() == [0, 1, 2, 0, 1]


def test_an_empty_batch(judge_saying_yes_to):
    for diversity in ("partition", "ngram"):
        for among in ("all", "correct"):
            settings = PipelineSettings(diversity=diversity, among=among)
            result = run_pipeline([], [], [], judge_saying_yes_to([]), settings)
            assert [len(a) for a in (result.correct, result.diversity, result.rewards, result.advantages)] == [0] * 4


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"diversity": "bleu"}, "`diversity` must be one of partition, ngram; got 'bleu'"),
        ({"among": "right"}, "`among` must be one of all, correct; got 'right'"),
        ({"mode": "max"}, "`mode` must be one of multiplicative, additive, normalized_additive, quality"),
        ({"shift": "mean"}, "`shift` must be one of none, group_min"),
        ({"threshold": -1}, "`threshold`"),
        ({"floor": 1.5}, "`floor`"),
        ({"alone": None}, "`alone`"),
        ({"ngram": 0}, "`ngram`"),
        ({"weight": "1"}, "`weight`"),
        ({"correct_threshold": float("nan")}, "`correct_threshold`"),
        ({"short_text_rule": None}, "`short_text_rule`"),
        ({"normalize_by_std": "no"}, "`normalize_by_std`"),
    ],
)
def test_wrong_settings_are_named_when_they_are_made(setting, message):
    with pytest.raises(InputError, match=message):
        PipelineSettings(**setting)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [0], [1.0, 1.0]), "`quality` has 2 entries and `responses` has 1"),
        ((["a"], [0, 0], [1.0]), "`uid` has 2 entries and `responses` has 1"),
        ((["a"], [0], [float("nan")]), r"`quality\[0\]` must be a finite number, got nan"),
    ],
)
def test_wrong_arguments_are_named(arguments, message, judge_saying_yes_to):
    judge = judge_saying_yes_to([])
    ngram_among_correct = PipelineSettings(diversity="ngram", among="correct")
    for settings in (PipelineSettings(), ngram_among_correct):
        with pytest.raises(InputError, match=message):
            run_pipeline(*arguments, judge, settings)


def test_a_missing_judge_is_named():
    with pytest.raises(InputError, match='`similarity` is None, and diversity="partition" needs a judge'):
        run_pipeline(["a"], [0], [1.0], None)


@pytest.mark.parametrize("classes", [1, 3, 8], ids=["all the same", "three classes", "all distinct"])
def test_a_step_of_2048_responses_costs_milliseconds(classes):
    texts = [f"response {row} of the batch, with a few more words: {row % classes}" for row in range(2048)]
    uid = [f"prompt {row // 8}" for row in range(2048)]
    quality = np.random.default_rng(0).random(2048)

    def free(pairs):
        return np.array([a[-1] == b[-1] for a, b in pairs], dtype=float)

    spent = []
    for _ in range(5):
        # Processor time, not the clock: other work on the machine does not count.
        start = time.process_time()
        result = run_pipeline(texts, uid, quality, free)
        group_metrics(quality, result.diversity, result.rewards, result.labels, uid, correct=result.correct)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.06


def test_the_package_imports_numpy_and_nothing_heavy():
    heavy = "torch verl ray transformers sentence_transformers pydantic typer httpx scipy"
    code = f"import sys, darling_plugin; sys.exit(str([m for m in '{heavy}'.split() if m in sys.modules] or ''))"
    root = Path(darling_plugin.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_the_version_is_that_of_the_project():
    project = (Path(darling_plugin.__file__).parents[1] / "pyproject.toml").read_text()
    assert f'\nversion = "{darling_plugin.__version__}"\n' in project
