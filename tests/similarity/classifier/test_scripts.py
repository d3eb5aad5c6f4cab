"""A script that the shipped classifier's encoder can't read: said once, counted, compared by characters."""

import logging

import pytest

from darling_plugin import load_similarity, partition
from darling_plugin.config import ServiceSettings
from darling_plugin.core import PartitionRule
from darling_plugin.integrations.verl.partitions import service_metrics
from darling_plugin.service.build import start_service
from darling_plugin.similarity.classifier.segments import warn_of_scripts

CHINESE = "雨停了以后，老人推开木门，看见院子里的石榴树又开了三朵花，他想起很多年前离家的那个早晨"
NEAR = CHINESE.replace("石榴", "苹果")  # another tree
FOUR = CHINESE.replace("三", "四")  # another number
OTHER = "小猫每天在厨房的窗台上睡觉，一听见开罐头的声音就跑过来，吃完以后又慢慢走回去"
THAI = "เมื่อฝนหยุด ชายชราผลักประตูไม้ออกไปและเห็นดอกไม้สามดอกในสวน"
ENGLISH = "After the rain the old man opened the door and saw three flowers in the yard"


@pytest.fixture
def shipped(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    warn_of_scripts.cache_clear()
    return load_similarity("classifier", device="cpu")


def test_it_is_said_once_and_counted(shipped, caplog):
    with caplog.at_level(logging.WARNING):
        shipped([(ENGLISH, ENGLISH.upper())])
        assert not caplog.records and shipped.forward.unreadable == 0
        shipped([(CHINESE, NEAR), (CHINESE, ENGLISH)])
        shipped([(THAI, CHINESE)])
        load_similarity("classifier", device="cpu")([(CHINESE, THAI)])
    assert [
        record.getMessage().count("a script that the classifier's encoder cannot read") for record in caplog.records
    ] == [1]
    assert shipped.forward.unreadable == 3  # each text once: two Chinese, one Thai


def test_the_service_counts_them(shipped):
    rule = PartitionRule(threshold=0.5, short_text_rule="form")
    service = start_service(shipped, rule, ServiceSettings(backend="local"), backend="local")
    try:
        service.partition(
            [CHINESE, NEAR, ENGLISH, "Another story, in which the old man stays in bed all day"], ["p"] * 4
        )
        counts = service.counts()
    finally:
        service.close()
    assert (counts.texts, counts.unreadable, counts.unreadable_share) == (4, 2, 0.5)
    assert service_metrics(counts, 0.0)["darling/service/unreadable_share"] == 0.5


def test_near_copies_are_found_by_characters(shipped):
    assert partition([CHINESE, OTHER, NEAR, FOUR], ["p"] * 4, shipped).tolist() == [0, 1, 0, 2]
