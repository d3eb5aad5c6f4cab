import random

import numpy as np
import pytest
from chaotic_workers import service_over
from pair_server import KEY, PairServer, pair_servers
from test_service import groups, plain

from darling_plugin.core import find_partition
from darling_plugin.errors import SimilarityError
from darling_plugin.service.build import PlainReader
from darling_plugin.service.http_worker import HttpWorker
from darling_plugin.service.pool import Limits
from darling_plugin.service.protocols import Request

LIMITS = Limits(tokens=200, timeout_s=0.15, deadline_s=20, rest_s=0.001, longest_rest_s=0.01)


class PlainWire:
    """Texts as they are."""

    truncated = 0

    def request(self, items):
        return Request("score", {"text_1": [a for a, _ in items], "text_2": [b for _, b in items]})

    def rows(self, answer):
        return [[float(entry["score"])] for entry in sorted(answer["data"], key=lambda entry: entry["index"])]


def same(a, b):
    return float(a[0] == b[0])


def over(servers, limits=LIMITS, key=None):
    return service_over([HttpWorker(server.url, PlainWire, key) for server in servers], limits=limits)


@pytest.mark.parametrize("seed", range(8))
def test_servers_that_fail_in_every_way_change_no_class(seed):
    faults = random.Random(seed)
    ways = ["500", "hangs", "late", "too few", "nan", "no json", "closes"]
    texts, uid = groups([8] * 8, "abc", seed)

    def fault(number):
        return faults.choice(ways) if number == 0 or faults.random() < 0.3 else None

    with pair_servers(PairServer(same, fault), PairServer(same, fault)) as servers:
        service = over(servers)
        found = service.partition(texts, uid).labels.tolist()
        counts = service.counts()
        service.close()
    assert found == find_partition(texts, uid, plain, short_text_rule=False).labels.tolist()
    assert counts.failures > 0


def test_work_goes_where_there_is_least():
    texts, uid = groups([8] * 40, "abcdefgh")
    with pair_servers(PairServer(same), PairServer(same)) as servers:
        service = over(servers)
        service.partition(texts, uid)
        service.close()
    assert min(server.pairs for server in servers) > 0.2 * sum(server.pairs for server in servers)


def test_a_server_that_is_gone_is_left_out_and_taken_back_when_it_is_well():
    texts, uid = groups([8] * 8, "abc")
    gone, there = PairServer(same), PairServer(same)
    gone.server_close()
    with pair_servers(there):
        service = over([gone, there])
        assert service.partition(texts, uid).labels.tolist() == [
            *find_partition(texts, uid, plain, short_text_rule=False).labels
        ]
        service.close()


def test_a_request_that_is_refused_is_an_error_at_once_and_says_what_to_do():
    with pair_servers(PairServer(same, lambda number: "400")) as (server,):
        service = over([server], Limits(deadline_s=1000))
        with pytest.raises(SimilarityError, match=r"HTTP 400: the model does not support scoring.*--runner pooling"):
            service.partition(["a1", "a2"], [0, 0])
        service.close()
    assert server.requests == 1


def test_the_key_is_sent_and_a_wrong_one_is_refused():
    with pair_servers(PairServer(same, key=KEY)) as servers:
        for key, passes in ((KEY, True), ("other", False)):
            service = over(servers, key=key)
            if passes:
                assert service.partition(["a1", "a2"], [0, 0]).labels.tolist() == [0, 0]
            else:
                with pytest.raises(SimilarityError, match=r"HTTP 401: wrong key.*api_key_env"):
                    service.partition(["a1", "a2"], [0, 0])
            service.close()


def test_an_error_never_repeats_the_texts():
    secret = "a1 the patient's name"
    with pair_servers(PairServer(same, lambda number: "500")) as servers:
        service = over(servers, Limits(deadline_s=1.0, rest_s=0.4))
        with pytest.raises(SimilarityError) as error:
            service.partition([secret, "a2"], [0, 0])
        service.close()
    assert "out of memory" in str(error.value) and "patient" not in str(error.value)


def test_rows_are_in_the_order_of_the_items():
    reader = PlainReader()
    assert reader.items([("a", "b"), ("b", "c"), ("a", "b")]) == [("a", "b"), ("b", "c")]
    answer = {"data": [{"index": 1, "score": 2.0}, {"index": 0, "score": 1.0}]}
    assert np.array(PlainWire().rows(answer)).tolist() == [[1.0], [2.0]]
