"""One batch through the step: what it needs, the shift, failures, metrics and state."""

import logging

import numpy as np
import pytest

from darling_plugin.config import parse_settings
from darling_plugin.core import PartitionRule
from darling_plugin.errors import ConfigError, InputError, SimilarityError
from darling_plugin.objectives import Batch, Objective, Scored
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import InProcess, Step

TEXTS, UID, QUALITY = ["a", "b", "c", "x", "y"], ["p", "p", "p", "q", "q"], [1.0, 1.0, 0.0, 1.0, 0.0]


class Says:
    """Holds the named pairs of one-letter texts equivalent."""

    default_threshold = 0.5
    short_text_rule = False

    def __init__(self, *yes):
        self.yes = set(yes)
        self.scored = []

    def __call__(self, pairs):
        self.scored += pairs
        return [float(a + b in self.yes or b + a in self.yes) for a, b in pairs]


class Fails(Says):
    def __call__(self, pairs):
        raise RuntimeError("no such model")


def step(says=None, **node):
    return Step(parse_settings(node), similarity=says or Says("ab"))


def test_one_batch_by_hand():
    made = step()
    result = made(Rollouts(TEXTS, UID, QUALITY))
    assert result.labels.tolist() == [0, 0, 1, 0, 1]
    assert result.correct.tolist() == [True, True, False, True, False]
    assert result.diversity.tolist() == [0.5, 0.5, 1, 1, 1]  # p: (3 − 2)/2 twice, (3 − 1)/2; q: (2 − 1)/1
    assert result.rewards.tolist() == [0.5, 0.5, 0, 1, 0]
    np.testing.assert_allclose(result.advantages, [1 / 6, 1 / 6, -1 / 3, 1 / 2, -1 / 2])  # means 1/3 and 1/2
    assert result.gain.tolist() == [-0.5, -0.5, 0, 0, 0]
    metrics = made.metrics()
    # Round 1 scores ab, ac and xy; round 2 bc, since c is not in the class of b.
    assert [metrics[f"darling/pairs/{name}"] for name in ("scored", "skipped", "rounds")] == [4, 0, 2]
    assert metrics["darling/classes/mean"] == 2
    assert metrics["darling/quality_only"] == 0
    assert made.metrics() == {}  # taken


def test_among_the_correct_ones():
    similarity = Says("ab")
    result = step(similarity, diversity={"scope": "correct"})(Rollouts(TEXTS, UID, QUALITY))
    assert result.labels.tolist() == [0, 0, -1, 0, -1]
    assert result.diversity.tolist() == [0.1, 0.1, 0.1, 1, 0.1]  # a, b equivalent; x is the only correct one of q
    assert len(similarity.scored) == 1


def test_correct_is_above_the_threshold():
    assert not step(diversity={"correct_threshold": 1.0})(Rollouts(TEXTS, UID, QUALITY)).correct.any()


def test_ngrams_and_quality_alone_need_no_similarity():
    for node in ({"objective": "ngram", "diversity": {"ngram": 1, "floor": 0.2}}, {"objective": "grpo"}):
        made = Step(parse_settings({"similarity": {"model": "/nowhere"}, **node}))
        result = made(Rollouts(["a b", "b c", "c"], [0, 0, 0], [1, 1, 0]))
        assert result.labels is None and made.classes is None
        assert not any(name.startswith(("darling/pairs", "darling/classes")) for name in made.metrics())
    assert result.diversity is None and result.gain.tolist() == [0, 0, 0]


def test_settings_reach_their_places():
    def run(**node):
        return step(**node)(Rollouts(TEXTS, UID, QUALITY))

    assert run(similarity={"threshold": 1.0}).labels.tolist() == [0, 1, 2, 0, 1]
    assert run(diversity={"floor": 0.6}).diversity.tolist() == [0.6, 0.6, 1, 1, 1]
    assert run(diversity={"scope": "correct", "singleton": 0.4}).diversity[3] == 0.4
    assert run(fusion={"mode": "additive", "weight": 2.0}).rewards.tolist() == [2, 2, 2, 3, 2]
    assert run(objective="grpo").rewards.tolist() == QUALITY
    advantages = run(advantage={"normalize_by_std": True}).advantages
    np.testing.assert_allclose(advantages[3:], [0.5**0.5, -(0.5**0.5)], atol=1e-5)
    # The rule says that "a" and "b" share no word, and the similarity is not asked.
    assert run(similarity={"short_text_rule": True}).labels.tolist() == [0, 1, 2, 0, 1]


def test_representatives_hold_for_any_similarity():
    # All distinct: either way 28 pairs. One class of 8: exact 7. Two classes of 4, interleaved: the first scores each
    # of the others once (7 − 3 joined at once), so representatives score fewer than the exact partition.
    texts = ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"]
    counts = {}
    for strategy in ("exact", "representatives"):
        similarity = Says(*(x + y for x in texts for y in texts if x[0] == y[0]))
        result = step(similarity, diversity={"partition": strategy})(Rollouts(texts, [0] * 8, [1.0] * 8))
        assert result.labels.tolist() == [0, 1] * 4
        counts[strategy] = len(similarity.scored)
    assert counts["representatives"] < counts["exact"]


@pytest.mark.parametrize("objective", ["darling", "ngram", "grpo"])
@pytest.mark.parametrize("scope", ["all", "correct"])
def test_an_empty_batch(objective, scope):
    if objective == "grpo" and scope == "correct":
        pytest.skip("grpo compares no responses")
    result = step(objective=objective, diversity={"scope": scope})(Rollouts([], [], []))
    assert [len(a) for a in (result.correct, result.rewards, result.advantages)] == [0] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [0], [1.0, 1.0]), "`quality` has 2 entries and `texts` has 1"),
        ((["a"], [0, 0], [1.0]), "`uid` has 2 entries and `texts` has 1"),
        ((["a"], [0], [float("nan")]), r"`quality\[0\]` must be a finite number, got nan"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        step()(Rollouts(*arguments))


def test_negative_quality_is_shifted_by_the_lowest_score_the_same_for_all_groups(caplog):
    made = step(Says("ab"))
    quality = [1.0, 1.0, 1.0, -1.0, 1.0]  # a verifier of ±1: p is all correct
    with caplog.at_level(logging.WARNING):
        result = made(Rollouts(TEXTS, UID, quality))
    # Shifted by −1 to 2, 2, 2 and 0, 2; times d = ½, ½, 1 and 1, 1: the all-correct group is taught diversity.
    assert result.rewards.tolist() == [1, 1, 2, 0, 2]
    np.testing.assert_allclose(result.advantages, [-1 / 3, -1 / 3, 2 / 3, -1, 1])
    assert result.correct.tolist() == [True, True, True, False, True]  # of the score as it came
    assert "-1 is subtracted from every quality" in caplog.text
    caplog.clear()
    assert made(Rollouts(TEXTS, UID, quality)).rewards.tolist() == [1, 1, 2, 0, 2]
    assert made(Rollouts(TEXTS, UID, [1.0] * 5)).rewards.tolist() == [1, 1, 2, 2, 2]  # for good
    assert not caplog.text


def test_a_penalty_below_zero_is_rounded_down():
    made = step(Says())
    assert made(Rollouts(["a", "b"], [0, 0], [0.7, -0.3])).rewards.tolist() == pytest.approx([1.7, 0.7])
    assert made.state_dict()["shift"] == -1.0


@pytest.mark.parametrize(("shift", "expected"), [("group_min", [0, 2]), ("none", [-3, -1]), (-5, [2, 4])], ids=str)
def test_a_shift_that_is_set_is_taken(shift, expected):
    result = step(Says(), fusion={"shift": shift})(Rollouts(["a", "b"], [0, 0], [-3.0, -1.0]))
    assert result.rewards.tolist() == expected  # both distinct: d = 1


def test_a_reward_model_starts_with_the_group_minimum():
    made = Step(parse_settings({}), similarity=Says(), reward_model=True)
    assert made(Rollouts(["a", "b"], [0, 0], [3.0, 5.0])).rewards.tolist() == [0, 2]


def test_an_objective_that_multiplies_nothing_sees_quality_as_it_is():
    result = step(objective="grpo")(Rollouts(["a", "b"], [0, 0], [-3.0, -1.0]))
    assert result.rewards.tolist() == [-3, -1]


def test_a_similarity_that_fails_stops_the_step():
    with pytest.raises(SimilarityError, match=r"Fails failed on 2 items: RuntimeError: no such model"):
        step(Fails())(Rollouts(["a b c d e f", "b", "x y z a b c", "y"], [0, 0, 1, 1], [1.0] * 4))


def test_a_similarity_that_fails_leaves_quality_alone_where_that_is_asked_for():
    made = step(Fails(), on_failure="quality_only")
    result = made(Rollouts(TEXTS, UID, QUALITY))
    assert result.rewards.tolist() == QUALITY and result.labels is None
    np.testing.assert_allclose(result.advantages, [1 / 3, 1 / 3, -2 / 3, 1 / 2, -1 / 2])
    metrics = made.metrics()
    assert metrics["darling/quality_only"] == 1 and metrics["darling/quality/mean"] == 0.6


def test_metrics_are_over_all_calls_of_a_step():
    made = step(Says())
    made(Rollouts(["a", "b"], [0, 0], [1.0, 0.0]))
    made(Rollouts(["a", "b"], [1, 1], [1.0, 1.0]))
    metrics = made.metrics()
    assert metrics["darling/quality/mean"] == 0.75 and metrics["darling/pairs/scored"] == 2


class Everything(Objective):
    """Needs all there is, counts the prompts that it saw."""

    needs = frozenset({"classes", "vectors", "probabilities", "answers", "logprobs", "prompts"})

    def __init__(self, half: float = 0.5):
        self.half = half
        self.seen: dict[str, int] = {}
        self.batch: Batch | None = None

    def score(self, batch):
        self.batch = batch
        for prompt in batch.prompts:
            self.seen[prompt] = self.seen.get(prompt, 0) + 1
        return Scored(batch.quality * self.half, batch.quality * 0, metrics={"seen": float(len(self.seen))})

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = dict(state["seen"])


class Encodes(Says):
    def vectors(self, texts):
        return [[float(ord(text[0])), 1.0] for text in texts]


def answers(texts):
    return [text.upper() if text != "c" else None for text in texts]


def test_an_objective_of_the_users_own_gets_all_that_it_needs_and_keeps_its_state():
    node = {
        "objective": f"{__name__}:Everything",
        "options": {"half": 0.25},
        "quality": {"answer": f"{__name__}:answers"},
    }
    made = step(Encodes("ab"), **node)
    # Interleaved groups: p has a, b, c; q has x, y.
    rows = ["a", "x", "b", "y", "c"]
    batch = Rollouts(rows, list("pqpqp"), [1.0] * 5, prompts=list("PQPQP"), logprobs=[-1.0] * 5)
    assert made(batch).rewards.tolist() == [0.25] * 5
    seen = made.objective.batch
    assert seen.vectors.tolist() == [[float(ord(text)), 1.0] for text in rows]
    assert [p.tolist() for p in seen.probabilities] == [[[1, 1, 0], [1, 1, 0], [0, 0, 1]], [[1, 0], [0, 1]]]
    assert seen.answers == ["A", "X", "B", "Y", None]
    assert seen.labels.tolist() == [0, 0, 0, 1, 1]
    assert made.metrics()["darling/objective/seen"] == 2
    again = step(Encodes(), **node)
    again.load_state_dict(made.state_dict())
    assert again.objective.seen == {"P": 3, "Q": 2}


def test_what_a_host_cannot_give_is_named():
    made = step(Encodes(), objective=f"{__name__}:Everything", quality={"answer": f"{__name__}:answers"})
    with pytest.raises(ConfigError, match="it needs `logprobs`, which this trainer's adapter does not provide"):
        made(Rollouts(["a"], [0], [1.0], prompts=["P"]))


def test_a_similarity_without_encodings_is_named():
    with pytest.raises(ConfigError, match="needs an encoding of each response, but Says gives none"):
        InProcess(Says(), PartitionRule(0.5, False)).vectors(["a"])
