"""A wrong job is refused before Ray starts, with the key and what to set."""

import logging
import re

import pytest
from omegaconf import open_dict

from darling_plugin.errors import ConfigError, MissingDependencyError
from darling_plugin.integrations.verl import versions
from darling_plugin.integrations.verl.validate import read_settings, validate_job
from darling_plugin.integrations.versions import VERL

ON = "algorithm.adv_estimator=darling"


@pytest.fixture
def launch(verl):
    """launch(config): the check that `python -m verl.trainer.main_ppo` makes before it starts Ray."""
    from verl.utils import config as verl_config

    return lambda config: verl_config.validate_config(config, use_reference_policy=False, use_critic=False)


def test_the_estimator_alone_is_enough(compose, launch):
    from darling_plugin.config import DarlingSettings

    config = compose(ON)
    launch(config)
    assert read_settings(config) == DarlingSettings()


def test_main_ppo_calls_the_wrapped_check(verl):
    import verl.trainer.main_ppo
    from verl.utils import config as verl_config

    assert verl.trainer.main_ppo.validate_config is verl_config.validate_config
    assert hasattr(verl_config.validate_config, "__wrapped__")


WRONG = [
    (
        "+darling.diversity.flor=0.2",
        r"darling.diversity.flor: unknown setting. Did you mean 'floor'\? Valid here: scope",
    ),
    ("+darling.similarty.name=lexical", r"darling.similarty: unknown setting. Did you mean 'similarity'\?"),
    ("+darling.similarity.threshold=1.5", r"darling.similarity.threshold: .*less than or equal to 1, got 1.5"),
    ("+darling.similarity.threshold=-0.1", r"darling.similarity.threshold: .*greater than or equal to 0, got -0.1"),
    ("+darling.similarity.name=bleu", r"`darling.similarity.name` must be one of classifier, .*; got 'bleu'"),
    ("+darling.similarity.name=callable", r"`darling.similarity.function` must be set for 'callable'"),
    ("+darling.similarity.model=/m", r"`darling.similarity.model` is '/m': /m holds no darling_classifier.json"),
    ("+darling.diversity.scope=some", r"darling.diversity.scope: .*'all' or 'correct', got 'some'"),
    ("+darling.on_failure=ignore", r"darling.on_failure: .*'raise' or 'quality_only', got 'ignore'"),
    ("+darling.fusion.weight=nan", r"darling.fusion.weight: .*finite number"),
    ("+darling.samples.every=-1", r"darling.samples.every: .*greater than or equal to 0, got -1"),
    ("+darling.quality.timeout_s=0", r"darling.quality.timeout_s: .*greater than 0, got 0"),
    ("+darling.quality.verifier=math_verify", r"reward_manager.name=naive. Set reward.reward_manager.name=darling"),
    ("actor_rollout_ref.rollout.n=1", r"actor_rollout_ref.rollout.n=1: .*Set actor_rollout_ref.rollout.n=8"),
]


@pytest.mark.parametrize(("override", "message"), WRONG, ids=[override for override, _ in WRONG])
def test_what_is_wrong_is_named(override, message, compose, launch):
    config = compose(ON, override)
    for check in (validate_job, launch):
        with pytest.raises(ConfigError, match=message):
            check(config)


def test_every_wrong_key_is_named_at_once(compose):
    config = compose(ON, "+darling.diversity.flor=0.2", "+darling.on_failure=ignore")
    with pytest.raises(ConfigError, match=r"(?s)darling.diversity.flor.*\n.*darling.on_failure"):
        validate_job(config)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["name=embedding", "model=/no/such/folder"],
            r"`darling.similarity.model` is .*no such folder",
        ),
        (["name=callable", "function=no_such_module:f"], r"`darling.similarity.function`.*no module 'no_such_module'"),
        (["name=callable", "function=hook_similarities:nothing"], r"'hook_similarities' has no 'nothing'"),
    ],
)
def test_a_similarity_that_cannot_be_made(overrides, message, compose, launch):
    config = compose(ON, *(f"+darling.similarity.{override}" for override in overrides))
    with pytest.raises(ConfigError, match=message):
        launch(config)


def test_a_node_that_is_no_mapping(compose):
    config = compose(ON)
    with open_dict(config):
        config.darling = "on"
    with pytest.raises(ConfigError, match=r"darling: must be a mapping of settings, got 'on'. For example"):
        validate_job(config)


def test_an_unsupported_verl(compose, launch, monkeypatch):
    monkeypatch.delenv(VERL.allow, raising=False)
    monkeypatch.setattr(versions, "verl_version", lambda: "0.7.1")
    with pytest.raises(ConfigError, match=re.escape("verl 0.7.1 is not supported") + ".*pip install 'verl>="):
        launch(compose(ON))
    monkeypatch.setenv(VERL.allow, "1")
    launch(compose(ON))


@pytest.mark.parametrize(
    ("version", "supported"),
    [("0.7.1", 0), ("0.8.0", 1), ("0.9.0", 1), ("0.9.1", 1), ("0.9.5", 1), ("0.10.0", 0)],
)
def test_the_supported_versions(version, supported, monkeypatch):
    monkeypatch.delenv(VERL.allow, raising=False)
    if supported:
        versions.check_verl_version(version)
    else:
        with pytest.raises(ConfigError, match=f"verl {version} is not supported"):
            versions.check_verl_version(version)


def test_no_verl_at_all(monkeypatch):
    monkeypatch.setattr(versions, "verl_version", lambda: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'verl>=0\.8\.0"):
        versions.check_verl_version()


def test_a_job_without_darling_is_left_alone(compose, launch, monkeypatch):
    monkeypatch.setattr(versions, "verl_version", lambda: "0.1")
    launch(compose("algorithm.adv_estimator=grpo", "actor_rollout_ref.rollout.n=1"))


def test_settings_without_effect_are_mentioned(compose, caplog):
    with caplog.at_level(logging.WARNING):
        validate_job(compose("algorithm.adv_estimator=grpo", "+darling.diversity.floor=0.2"))
    assert "settings have no effect with algorithm.adv_estimator=grpo" in caplog.text


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+darling.similarity.name=callable", r"`darling.similarity.function` must be set"),
        ("+darling.diversity.flor=1", r"unknown setting"),
    ],
)
def test_monitoring_is_checked_as_training_is(override, message, compose):
    with pytest.raises(ConfigError, match=message):
        validate_job(compose("algorithm.adv_estimator=grpo", "+darling.monitor=true", override))
