import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_builders import drawn, reader

from darling_plugin.errors import InputError
from darling_plugin.tools.plan.events import serve
from darling_plugin.tools.plan.systems import AllPairs, EncodeEach


def times(batches):
    return [(batch.start, batch.end, batch.passes) for batch in batches]


def test_one_server_by_hand():
    # 100 tokens/s + 0.5 s a batch + 0.1 s a request, batches of at most 150 tokens.
    # t=0: [100] -> 0.5 + 0.1 + 1.0 = 1.6. At 1.6 the queue holds 60, 60, 60: two fit (120) -> 0.6 + 1.2 = 1.8 -> 3.4.
    # The last: 0.6 + 0.6 = 1.2 -> 4.6. Then nothing until t=10: 500 tokens are above the budget and go alone, 5.6.
    judge = reader(batch_tokens=150, batch_s=0.5, request_s=0.1)
    system = EncodeEach(drawn([[100, 60, 60, 60, 500]]), judge)
    batches = serve(system, [(0.0, 0), (0.5, 1), (0.6, 2), (0.7, 3), (10.0, 4)], 1)
    expected = [(0.0, 1.6, 1), (1.6, 3.4, 2), (3.4, 4.6, 1), (10.0, 15.6, 1)]
    assert np.array(times(batches)) == pytest.approx(np.array(expected))


def test_two_servers_share_one_queue():
    # 100-token batches take 1 s: two start at 0, the third when the first is free.
    system = EncodeEach(drawn([[100, 100, 100]]), reader(batch_tokens=100))
    assert times(serve(system, [(0.0, 0), (0.0, 1), (0.0, 2)], 2)) == [(0.0, 1.0, 1), (0.0, 1.0, 1), (1.0, 2.0, 1)]


def test_a_request_for_each_pair():
    # 3 responses of 10 tokens: 3 pairs of 10 + 10 + 3 = 23 tokens, 69 in all: 0.69 s + 3 requests of 0.1 s.
    system = AllPairs(drawn([[10, 10, 10]]), reader("cross-encoder", request_s=0.1))
    (batch,) = serve(system, [(2.0, 0)], 1)
    assert (batch.passes, batch.tokens, batch.end) == (3, 69.0, pytest.approx(2.99))


def test_a_task_is_split_and_counted_once():
    # 6 pairs of 23 tokens, 50 tokens a batch: 2 + 2 + 2.
    system = AllPairs(drawn([[10] * 4]), reader("cross-encoder", batch_tokens=50))
    assert [batch.passes for batch in serve(system, [(0.0, 0)], 1)] == [2, 2, 2]


def test_what_is_above_the_budget_goes_alone():
    # 300 tokens are three times the budget: one response a batch, and none is taken twice.
    system = EncodeEach(drawn([[300, 300, 50, 50]]), reader(batch_tokens=100))
    assert [batch.passes for batch in serve(system, [(0.0, row) for row in range(4)], 1)] == [1, 1, 2]


def test_nothing_arrives():
    assert serve(EncodeEach(drawn([[1]]), reader()), [], 1) == []


def test_no_replica_is_an_error():
    with pytest.raises(InputError, match="`replicas` must be a whole number of at least 1, got 0"):
        serve(EncodeEach(drawn([[1]]), reader()), [(0.0, 0)], 0)


def test_waits_as_long_as_an_m_d_1_queue():
    # Poisson arrivals of half the rate that a server with a fixed time of 1 s can take: the mean wait is
    # rho / (2 (1 - rho)) = 0.5 s (Pollaczek–Khinchine). 40,000 customers: standard error near 0.01.
    count = 40_000
    arrivals = np.cumsum(np.random.default_rng(0).exponential(2.0, count))
    system = EncodeEach(drawn([[100] * count]), reader(batch_tokens=100))
    batches = serve(system, list(zip(arrivals.tolist(), range(count), strict=True)), 1)
    waits = np.array([batch.start for batch in batches]) - arrivals
    assert waits.mean() == pytest.approx(0.5, abs=0.03)


def test_a_long_queue_is_simulated_in_strides_that_change_little():
    # 20,000 encodings of 100 tokens at once, 10 in a batch: 2,000 batches × (10 s + 0.1 s) on 2 servers = 10,100 s.
    count = 20_000
    judge = reader(batch_tokens=1000, batch_s=0.1)
    batches = serve(EncodeEach(drawn([[100] * count]), judge), [(0.0, row) for row in range(count)], 2)
    assert sum(batch.passes for batch in batches) == count
    assert len(batches) < 500
    assert batches[-1].end == pytest.approx(10_100, rel=0.005)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 400)), min_size=1, max_size=40),
    st.integers(1, 5),
)
def test_more_replicas_never_end_later(responses, replicas):
    """One response a batch: a queue in order of arrival with more servers starts each customer no later."""
    system = drawn([[length for _, length in responses]])
    arrivals = [(float(time), row) for row, (time, _) in enumerate(responses)]
    judge = reader(batch_tokens=1)
    fewer, more = (serve(EncodeEach(system, judge), arrivals, number)[-1].end for number in (replicas, replicas + 1))
    assert more <= fewer + 1e-9
