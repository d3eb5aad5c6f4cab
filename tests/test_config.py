"""The `darling:` node: defaults, and an error for each wrong key."""

import pytest

from darling_plugin.config import DarlingSettings, parse_settings
from darling_plugin.core import PipelineSettings
from darling_plugin.errors import ConfigError


def test_nothing_given_is_the_paper():
    settings = parse_settings(None)
    assert settings == parse_settings({}) == DarlingSettings()
    assert settings.pipeline(None, shift="none") == PipelineSettings()


def test_the_judges_own_threshold_holds_until_another_is_set():
    judge = DarlingSettings().similarity.build()
    judge.default_threshold, judge.short_text_rule = 0.3, False
    unset = parse_settings({}).pipeline(judge, shift="none")
    assert (unset.threshold, unset.short_text_rule) == (0.3, False)
    given = {"similarity": {"threshold": 0, "short_text_rule": True}}
    chosen = parse_settings(given).pipeline(judge, shift="none")
    assert (chosen.threshold, chosen.short_text_rule) == (0.0, True)


def test_every_setting_reaches_the_pipeline():
    node = {
        "diversity": {
            "kind": "ngram",
            "among": "correct",
            "correct_above": 0.7,
            "floor": 0.2,
            "alone": 0.3,
            "ngram": 2,
        },
        "fusion": {"mode": "additive", "weight": 2.0},
        "advantage": {"normalize_by_std": True},
    }
    assert parse_settings(node).pipeline(None, shift="group_min") == PipelineSettings(
        diversity="ngram",
        among="correct",
        correct_threshold=0.7,
        floor=0.2,
        alone=0.3,
        ngram=2,
        mode="additive",
        shift="group_min",
        weight=2.0,
        normalize_by_std=True,
    )


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
