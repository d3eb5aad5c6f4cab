import asyncio
import threading

import numpy as np
import pytest
from chaotic_workers import FAST, Chaotic, Oracle, same_first_letter, service_over

from darling_plugin.core import PartitionRule, find_partition
from darling_plugin.errors import SimilarityError
from darling_plugin.service.counts import Counts
from darling_plugin.service.pool import Limits


@pytest.fixture
def serving():
    """Makes services, and closes them."""
    made = []

    def make(*args, **settings):
        made.append(service_over(*args, **settings))
        return made[-1]

    yield make
    for service in made:
        service.close()


def settled(service):
    """Wait until the work ahead has nothing left to do."""

    async def at_rest():
        while service._new or not service._at_rest.is_set():
            await asyncio.sleep(0)

    service._run(at_rest())


def groups(sizes, letters, seed=0):
    """Texts and uids, shuffled: group g has sizes[g] responses in up to len(letters) classes."""
    random = np.random.default_rng(seed)
    rows = [(f"{random.choice(list(letters))}{g}-{k}", g) for g, size in enumerate(sizes) for k in range(size)]
    random.shuffle(rows)
    return [text for text, _ in rows], [int(g) for _, g in rows]


def plain(pairs):
    return same_first_letter(pairs)[:, 0]


def test_a_partition_is_that_of_the_similarity(serving):
    texts, uid = groups([8] * 20, "abc")
    service = serving([Oracle()])
    expected = find_partition(texts, uid, plain, short_text_rule=False)
    found = service.partition(texts, uid)
    assert found.labels.tolist() == expected.labels.tolist()
    assert (found.scored, found.rounds) == (expected.scored, expected.rounds)


def test_what_was_found_out_ahead_is_not_asked_again(serving):
    texts, uid = groups([8] * 10, "abcd")
    worker = Oracle()
    service = serving([worker])
    for text, name in zip(texts, uid, strict=True):
        service.submit(name, text)
    settled(service)
    before = sum(map(len, worker.asked))
    assert before > 0
    found = service.partition(texts, uid)
    assert found.scored == 0 and found.looked_up == before
    assert sum(map(len, worker.asked)) == before
    assert found.labels.tolist() == find_partition(texts, uid, plain, short_text_rule=False).labels.tolist()


def test_only_the_responses_that_are_collected_decide(serving):
    # "ab" would join a and b, and is gone when they are collected: its session failed.
    class Bridge(Oracle):
        async def answer(self, items):
            return np.array([[float(set(a) & set(b) != set())] for a, b in items])

    service = serving([Bridge()])
    for text in ("a", "ab", "b"):
        service.submit("p", text)
    settled(service)
    assert service.partition(["a", "b"], ["p", "p"]).labels.tolist() == [0, 1]
    assert service.partition(["a", "ab", "b"], ["p"] * 3).labels.tolist() == [0, 0, 0]


def test_one_class_ahead_costs_one_question_a_response(serving):
    worker = Oracle()
    service = serving([worker])
    for k in range(16):
        service.submit("p", f"a{k}")
        settled(service)
    assert sum(map(len, worker.asked)) == 15


def test_what_comes_during_a_pause_is_no_sibling(serving):
    worker = Oracle()
    service = serving([worker])
    service.pause()
    service.submit("p", "a1")
    service.submit("p", "a2")
    service.resume()
    settled(service)
    assert worker.asked == [] and service.counts().arrived == 0


def test_groups_that_nobody_collects_are_forgotten(serving):
    counts = Counts()
    service = serving([Oracle()], counts=counts, most_groups=10)
    for g in range(100):
        service.submit(g, "a1")
        service.submit(g, "a2")
    settled(service)
    assert len(service._groups) <= 10
    assert service.counts().forgotten == 90


def test_a_failure_ahead_of_the_trainer_is_counted_and_asked_again(serving):
    worker = Chaotic(seed=0, share=1.0, faults=("killed",))
    service = serving([worker], limits=Limits(tokens=64, deadline_s=0.05, rest_s=0.001, longest_rest_s=0.002))
    service.submit("p", "a1")
    service.submit("p", "a2")
    settled(service)
    worker._share = 0.0
    assert service.partition(["a1", "a2"], ["p", "p"]).labels.tolist() == [0, 0]
    counts = service.counts()
    assert counts.stream_failures == 1 and counts.failures >= 1


@pytest.mark.parametrize("seed", range(50))
def test_whatever_fails_the_classes_are_those_of_a_run_without_faults(serving, seed):
    sizes = np.random.default_rng(seed).integers(1, 12, size=10).tolist()
    texts, uid = groups(sizes, "abcde", seed)
    workers = [Chaotic(seed * 10 + k, name=f"worker {k}") for k in range(3)]
    service = serving(workers, limits=FAST)
    for text, name in zip(texts[: len(texts) // 2], uid, strict=False):
        service.submit(name, text)
    found = service.partition(texts, uid)
    assert found.labels.tolist() == find_partition(texts, uid, plain, short_text_rule=False).labels.tolist()


def test_nobody_left_is_an_error_that_names_the_workers_and_what_they_said(serving):
    workers = [Chaotic(0, share=1.0, faults=("killed",), name="first"), Chaotic(1, 1.0, ("nan",), name="second")]
    service = serving(workers, limits=Limits(tokens=64, deadline_s=0.05, rest_s=0.001, longest_rest_s=0.002))
    with pytest.raises(
        SimilarityError, match=r"deadline_s.*2 workers: (first: killed; second: 1 of its 1 rows|second)"
    ):
        service.partition(["a1", "a2"], ["p", "p"])


def test_a_failed_partition_loses_no_verdict(serving):
    worker = Oracle()
    service = serving([worker])
    texts, uid = groups([6] * 5, "ab")
    service.partition(texts, uid)
    asked = sum(map(len, worker.asked))
    service.partition(texts, uid)
    assert sum(map(len, worker.asked)) == asked


def test_many_threads_may_submit_and_collect(serving):
    texts, uid = groups([8] * 12, "abc")
    service = serving([Oracle(), Oracle()])
    expected = find_partition(texts, uid, plain, short_text_rule=False).labels.tolist()
    found = []

    def collect():
        for text, name in zip(texts, uid, strict=True):
            service.submit(name, text)
        found.append(service.partition(texts, uid).labels.tolist())

    threads = [threading.Thread(target=collect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_representatives_are_asked_for_by_setting(serving):
    rule = PartitionRule(threshold=0.5, short_text_rule=False, strategy="representatives")
    texts = [f"{letter}{k}" for letter in "xy" for k in range(4)]
    assert serving([Oracle()], rule=rule).partition(texts, [0] * 8).scored == 10


def test_closing_ends_the_workers_and_the_thread(serving):
    worker = Oracle()
    service = serving([worker])
    thread = service._thread
    service.close()
    service.close()
    assert worker.closed and not thread.is_alive()


def test_ten_thousand_groups_leave_nothing_behind(serving):
    """Of each only its rows in the memory stay, which is bounded by itself."""
    service = serving([Oracle()], limits=Limits(tokens=4096))
    for start in range(0, 10_000, 500):
        for g in range(start, start + 500):
            service.submit(g, f"a{g}")
            service.submit(g, f"b{g}")
        service.partition(
            [f"{x}{g}" for g in range(start, start + 500) for x in "ab"],
            [g for g in range(start, start + 500) for _ in "ab"],
        )
    settled(service)
    assert (len(service._groups), len(service._new), len(service._similarity.asker._under_way)) == (0, 0, 0)
