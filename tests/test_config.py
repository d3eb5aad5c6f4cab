"""The `darling:` node: defaults, and an error for each wrong key."""

import pytest

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.core import PartitionRule
from darling_plugin.errors import ConfigError
from darling_plugin.objectives import Darling, Ngram


def test_nothing_given_is_the_paper():
    settings = parse_settings(None)
    assert settings == parse_settings({}) == DarlingSettings()
    objective = settings.build_objective()
    assert isinstance(objective, Darling)
    assert vars(objective) == vars(Darling())


def test_the_similaritys_own_threshold_holds_until_another_is_set():
    similarity = DarlingSettings().similarity.build()
    similarity.default_threshold, similarity.short_text_rule = 0.3, False
    assert parse_settings({}).partition_rule(similarity) == PartitionRule(0.3, False, "exact")
    given = {"similarity": {"threshold": 0, "short_text_rule": True}, "diversity": {"partition": "representatives"}}
    assert parse_settings(given).partition_rule(similarity) == PartitionRule(0.0, True, "representatives")


def test_every_setting_reaches_the_objective():
    node = {
        "objective": "ngram",
        "diversity": {"scope": "correct", "floor": 0.2, "ngram": 2},
        "fusion": {"mode": "additive", "weight": 2.0},
        "advantage": {"normalize_by_std": True},
    }
    objective = parse_settings(node).build_objective()
    expected = Ngram(scope="correct", floor=0.2, ngram=2, mode="additive", weight=2.0, normalize_by_std=True)
    assert vars(objective) == vars(expected)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"diversity": {"kind": "ngram"}}, r"darling.diversity.kind: renamed; set .* darling.objective=ngram\."),
        ({"diversity": {"among": "all"}}, r"darling.diversity.among: renamed; set darling.diversity.scope\."),
        ({"diversity": {"alone": 1}}, r"darling.diversity.alone: renamed; set darling.diversity.singleton\."),
        ({"diversity": {"correct_above": 1}}, r"correct_above: renamed; set darling.diversity.correct_threshold\."),
        ({"service": {"partition": "exact"}}, r"service.partition: renamed; set darling.diversity.partition\."),
        (
            {"service": {"placement": "cpu", "gpus_per_replica": 1}},
            r"placement=cpu and gpus_per_replica=1 contradict each other: set darling.service.placement=dedicated",
        ),
        ({"service": {"placement": "dedicated", "gpus_per_replica": 0}}, r"set darling.service.gpus_per_replica=1"),
        ({"service": {"placement": "shared", "gpus_per_replica": 0.1}}, r"set darling.service.gpus_per_replica=null"),
        ({"service": {"placement": "shared", "backend": "local"}}, r"set darling.service.backend=ray"),
        ({"service": {"placement": "cpu", "backend": "vllm"}}, r"set darling.service.placement=dedicated"),
        ({"service": {"placement": "shared", "max_replicas": 2}}, r"set darling.service.replicas"),
        ({"service": {"most_replicas": 2}}, r"service.most_replicas: renamed; set darling.service.max_replicas\."),
        ({"fusion": {"mode": "quality"}}, r"darling.fusion.mode=quality: .*set darling.objective=grpo\."),
    ],
)
def test_an_old_key_says_the_new_one(node, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(node)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"flor": 1}, "darling.flor: unknown setting"),
        ({"fusion": {"wieght": 1}}, r"darling.fusion.wieght: unknown setting. Did you mean 'weight'\?"),
        ({"fusion": {"zzz": 1}}, r"darling.fusion.zzz: unknown setting. Valid here: mode, shift, weight\."),
        ({"fusion": 3}, "darling.fusion: .*got 3"),
        ({"fusion": None}, "darling.fusion: .*got None"),
        ({"diversity": {"floor": 1.1}}, "darling.diversity.floor: .*less than or equal to 1, got 1.1"),
        ({"diversity": {"ngram": 0}}, "darling.diversity.ngram: .*greater than or equal to 1, got 0"),
        ({"fusion": {"weight": float("inf")}}, "darling.fusion.weight: .*finite"),
        ({"monitor": "perhaps"}, "darling.monitor: .*got 'perhaps'"),
        ("on", "darling: must be a mapping of settings, got str 'on'"),
        ([1], "darling: must be a mapping"),
    ],
)
def test_a_wrong_key_is_named(node, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(node)


def test_all_wrong_keys_are_named_at_once():
    with pytest.raises(ConfigError) as error:
        parse_settings({"a": 1, "fusion": {"b": 2}})
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == ["darling.fusion.b", "darling.a"]


@pytest.mark.parametrize(
    ("service", "place", "gpus"),
    [
        ({}, "cpu", 0),
        ({"gpus_per_replica": 0}, "cpu", 0),
        ({"gpus_per_replica": 0.5}, "dedicated", 0.5),  # as before there was a placement
        ({"placement": "dedicated"}, "dedicated", 1),
        ({"backend": "vllm"}, "dedicated", 1),
        ({"placement": "shared"}, "shared", 0),
    ],
)
def test_the_placement_of_replicas(service, place, gpus):
    found = parse_settings({"service": service}).service
    assert (found.place, found.gpus) == (place, gpus)
