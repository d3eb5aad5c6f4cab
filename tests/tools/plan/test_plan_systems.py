import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_builders import drawn, reader

from darling_plugin.core.partition import find_partition
from darling_plugin.tools.plan.cascade import Cascade
from darling_plugin.tools.plan.events import serve
from darling_plugin.tools.plan.exact_stream import ExactStream
from darling_plugin.tools.plan.shapes import COMPOSITIONS, Job, class_sizes, draw_step, exact_verdicts
from darling_plugin.tools.plan.systems import AllPairs, EncodeEach


def asked(system, rows, replicas=2, gap=0.0):
    batches = serve(system, [(gap * row, row) for row in range(rows)], replicas)
    passes = {}
    for batch in batches:
        passes[batch.classifier.kind] = passes.get(batch.classifier.kind, 0) + batch.passes
    return passes, sum(batch.tokens for batch in batches)


def core_asks(labels):
    """What find_partition asks, with an oracle that knows the labels; texts of more than five words."""
    texts = [f"class {label} copy {copy} of a text" for copy, label in enumerate(labels)]
    oracle = lambda pairs: [float(a.split()[1] == b.split()[1]) for a, b in pairs]  # noqa: E731
    return find_partition(texts, [0] * len(texts), oracle).scored


@pytest.mark.parametrize(
    ("composition", "verdicts"),
    # 7 = n − 1; mixed: 28 pairs less 6 inside the class of 4, and 3 to join it; distinct: all 28
    [("collapsed", 7), ("mixed", 25), ("distinct", 28)],
)
def test_counts_of_eight_equal_the_core(composition, verdicts):
    step = draw_step(Job(prompts=3, responses=8), composition, seed=1)
    passes, _ = asked(ExactStream(step, reader("cross-encoder")), 24)
    assert passes == {"cross-encoder": 3 * verdicts}
    assert step.verdicts == 3 * verdicts
    assert exact_verdicts(composition, 8) == verdicts
    assert core_asks(sorted(step.labels[0].tolist())) == verdicts
    # In a shuffled mixed group the core asks some pairs of a class that another verdict of the round joins.
    shuffled = sum(core_asks(labels) for labels in step.labels.tolist())
    assert shuffled == 3 * verdicts if composition != "mixed" else 3 * verdicts <= shuffled <= 3.2 * verdicts


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(1, 3), st.sampled_from([0.0, 0.3, 9.0]))
def test_the_stream_asks_no_more_than_the_core_and_enough(labels, replicas, gap):
    n = len(labels)
    step = drawn([[5] * n], [np.unique(labels, return_inverse=True)[1].tolist()])
    passes, tokens = asked(ExactStream(step, reader("cross-encoder")), n, replicas, gap)
    verdicts = passes.get("cross-encoder", 0)
    across = sum(a != b for a, b in itertools.combinations(labels, 2))
    assert verdicts == step.verdicts == across + n - len(set(labels)) <= core_asks(labels)
    assert tokens == verdicts * (5 + 5 + 3)


def test_every_response_gets_its_class_once():
    step = draw_step(Job(prompts=20, responses=6), "mixed", seed=0)
    system = ExactStream(step, reader("cross-encoder"))
    asked(system, 120, replicas=3, gap=0.01)
    for group, labels in zip(system._groups, step.labels.tolist(), strict=True):
        assert (group.count, len(group.waiting), group.asking) == (6, 0, False)
        assert {label: members.count for label, members in group.classes.items()} == {
            label: labels.count(label) for label in labels
        }


def test_tokens_of_pairs_by_hand():
    # Lengths 10, 20, 30, read up to (43 − 3) // 2 = 20 of each: 10+20, 10+20, 20+20, and 3 special tokens each: 109.
    step = drawn([[10, 20, 30]], [[0, 1, 2]])
    judge = reader("cross-encoder", reads=43)
    assert asked(AllPairs(step, judge), 1) == ({"cross-encoder": 3}, 109)
    assert asked(ExactStream(step, judge), 3) == ({"cross-encoder": 3}, 109)


def test_one_response_asks_nothing():
    step = drawn([[10]])
    assert asked(AllPairs(step, reader("cross-encoder")), 1) == ({}, 0)
    assert asked(ExactStream(step, reader("cross-encoder")), 1) == ({}, 0)
    assert step.verdicts == 0


def test_an_encoder_reads_each_once():
    assert asked(EncodeEach(drawn([[10, 20], [30, 40]]), reader(reads=25)), 4) == ({"bi-encoder": 4}, 10 + 20 + 25 + 25)


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_a_cascade_without_doubt_is_the_encoder(composition):
    step = draw_step(Job(prompts=5, responses=8), composition, seed=0)
    system = Cascade(step, reader(), reader("cross-encoder"), doubtful=0.0, seed=0)
    assert asked(system, 40)[0] == {"bi-encoder": 40}


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_a_cascade_of_nothing_but_doubt_asks_the_exact_number(composition):
    step = draw_step(Job(prompts=5, responses=8), composition, seed=0)
    system = Cascade(step, reader(), reader("cross-encoder"), doubtful=1.0, seed=0)
    assert asked(system, 40)[0] == {"bi-encoder": 40, "cross-encoder": step.verdicts}


def test_a_cascade_asks_the_doubtful_share_of_distinct_pairs():
    # 200 groups × 28 pairs × 0.15 = 840; standard deviation sqrt(5600 × 0.15 × 0.85) = 27
    step = draw_step(Job(prompts=200, responses=8), "distinct", seed=0)
    passes, _ = asked(Cascade(step, reader(), reader("cross-encoder"), doubtful=0.15, seed=0), 1600)
    assert passes["cross-encoder"] == pytest.approx(840, abs=110)


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (2, [1, 1]), (7, [4, 1, 1, 1]), (8, [4, 1, 1, 1, 1])])
def test_mixed_groups(n, sizes):
    assert class_sizes("mixed", n) == sizes


def test_lengths_are_the_same_for_every_composition_and_within_bounds():
    steps = [draw_step(Job(prompts=50, responses=4, most_tokens=3000), each, seed=3) for each in COMPOSITIONS]
    assert all((step.lengths == steps[0].lengths).all() for step in steps)
    assert steps[0].lengths.min() >= 1 and steps[0].lengths.max() == 3000
