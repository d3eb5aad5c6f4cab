from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_builders import drawn, reader, trainer

from darling_plugin.tools.plan import setups
from darling_plugin.tools.plan.advise import advise, size
from darling_plugin.tools.plan.generation import finish_times
from darling_plugin.tools.plan.machines import GPUS, Training
from darling_plugin.tools.plan.results import Spread, Step, run, spread, step_without
from darling_plugin.tools.plan.shapes import Job


def step(lengths, finished, hidden_until, seconds, labels=None):
    return Step(drawn(lengths, labels), np.array(finished), hidden_until, seconds)


def test_hidden_and_waited_by_hand():
    # Encodings of 1 s each, one server, a response a batch: 0–1, 4–5, 5–6, 6–7; the trainer needs them at 5.5.
    # Busy 4 s, of which 1.5 s after 5.5: hidden 62.5 %. It waits 1.5 s of a 10 s step: 15 %.
    one = step([[100] * 4], [[0.0, 4.0, 4.0, 4.0]], 5.5, 10.0)
    found = run(one, setups.encode_each(reader(batch_tokens=100))(1), trainer(), 0)
    assert (found.hidden, found.wait, found.overhead) == (0.625, 1.5, 0.15)
    assert found.gpu_seconds == 4.0
    # 9 GPUs for 11.5 s instead of 8 for 10 s
    assert found.cost == pytest.approx(9 * 11.5 / 80 - 1)


def test_all_pairs_start_when_the_trainer_waits():
    # 1 pair of 203 tokens: 2.03 s, none of it hidden.
    one = step([[100, 100]], [[0.0, 1.0]], 5.0, 10.0)
    found = run(one, setups.all_pairs(reader("cross-encoder"))(1), trainer(), 0)
    assert (found.hidden, found.wait) == (0.0, pytest.approx(2.03))


def test_the_arithmetic_of_verdicts_is_not_hidden_by_replicas():
    # 3 distinct responses, 3 verdicts of 2 s each, from the last arrival at 4: until 10; the trainer needs them at 5.
    one = step([[1, 1, 1]], [[0.0, 0.0, 4.0]], 5.0, 10.0, labels=[[0, 1, 2]])
    found = run(one, setups.encode_each(reader(rate=1e9, pair_s=2.0))(100), trainer(), 0)
    assert (found.wait, found.unavoidable) == (pytest.approx(5.0), 5.0)
    sized = size([one], setups.encode_each(reader(rate=1e9, pair_s=2.0)), trainer())
    assert (sized.setup.replicas, sized.enough) == (1, False)


def test_generation_by_hand():
    # One engine, two at a time, weights read in 1 s a step and no KV cache: lengths 3, 1, 2 end at
    # 3 (three steps), 1, and 1 + 2 = 3.
    gpu = GPUS["h100"]
    slow = Training(gpus=1, kv_bytes=0, concurrency=2, parameters=gpu.bandwidth * 0.6 / 2)
    assert finish_times(np.array([[3, 1, 2]]), slow).tolist() == [[3.0, 1.0, 3.0]]


def test_an_engine_is_slower_with_more_responses():
    # KV cache alone: bytes so that one response with a context of 1 token needs 1 s a step.
    # prompt 0, lengths 2 and 2: mean context Σ L² / 2 Σ L = 1. Two at once: 2 s a step, both end at 4 s.
    gpu = GPUS["h100"]
    cache = Training(gpus=1, parameters=0.0, prompt_tokens=0, kv_bytes=gpu.bandwidth * 0.6)
    assert finish_times(np.array([[2, 2]]), cache).tolist() == [[4.0, 4.0]]


def test_a_step_by_hand():
    # 2 × 10 tokens + 2 × 200 of prompts = 420 tokens; 2 FLOPs × 4e9 × 420 / (8 × 989e12 × 0.4) hides, 8 FLOPs follow.
    one = step_without(Job(prompts=1, responses=2, median_tokens=10, sigma=0), trainer(), "distinct", 0)
    forward = 2 * 4e9 * 420 / (8 * 989e12 * 0.4)
    assert one.hidden_until == pytest.approx(one.finished.max() + forward)
    assert one.seconds == pytest.approx(one.finished.max() + 5 * forward)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 8))
def test_another_replica_never_costs_more_than_a_batch(seed, replicas):
    """With batches a replica may take less at once, and pay for more of them: at most one batch's time at the end."""
    job = Job(prompts=6, responses=6, most_tokens=500, median_tokens=200)
    judge = reader("cross-encoder", rate=50_000, batch_s=0.01)
    one = step_without(job, trainer(), "mixed", seed)
    fewer, more = (run(one, setups.exact(judge)(number), trainer(), seed) for number in (replicas, replicas + 1))
    assert more.wait <= fewer.wait + judge.seconds(1000)
    assert more.passes == fewer.passes


def test_a_seed_gives_one_result():
    job, judge = Job(prompts=8, responses=8), setups.cascade(setups.small_encoder(), setups.cross_encoder(), 0.2)(2)
    first, second = (run(step_without(job, trainer(), "mixed", 5), judge, trainer(), 5) for _ in range(2))
    assert first == second


def test_the_replicas_that_are_advised_are_enough_and_half_are_not():
    job, training = Job(prompts=64, responses=8), trainer()
    steps = [step_without(job, training, "distinct", seed) for seed in range(2)]
    slow = setups.exact(reader("cross-encoder", rate=8_000, batch_tokens=4096, reads=4096))
    sized = size(steps, slow, training)
    assert sized.enough and sized.setup.replicas > 4
    assert spread(sized.outcomes, "overhead").median <= 0.01
    half = [run(one, slow(sized.setup.replicas // 2), training, seed) for seed, one in enumerate(steps)]
    assert spread(half, "overhead").median > 0.01


def test_advice_takes_what_was_asked_for_while_it_can_be_afforded():
    training = Training(gpus=64)
    job = Job()
    steps = [step_without(job, training, "distinct", 0)]
    pairs, small = setups.cross_encoder(), replace(setups.small_encoder(), reads=256, response_s=95e-6, pair_s=2e-6)
    candidates = [size(steps, each, training) for each in (setups.exact(pairs), setups.cascade(small, pairs, 0.15))]
    # 64 GPUs allow 8 replicas; the exact one needs more, the cascade does not
    assert candidates[0].setup.replicas > 8 >= candidates[1].setup.replicas
    advice = advise(candidates, training)
    assert (advice.backend, advice.strategy, advice.replicas) == ("vllm", "cascade", candidates[1].setup.replicas)
    alone = advise(candidates[1:], training)
    assert alone.reason.startswith("the wait stays within 1%")


def test_spread_is_median_least_and_most():
    one = step([[100]], [[0.0]], 5.0, 10.0)
    found = [run(one, setups.encode_each(reader(rate=rate))(1), trainer(), 0) for rate in (100.0, 50.0, 10.0)]
    assert spread(found, "replica_seconds") == Spread(median=2.0, low=1.0, high=10.0)
