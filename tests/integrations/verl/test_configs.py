"""Every configuration that this package ships, composed by Hydra into verl's own and checked as verl checks a job."""

import pytest
import yaml

from darling_plugin.config import DarlingSettings
from darling_plugin.integrations.verl.validate import read_settings, uses_darling
from darling_plugin.packages import configs_folder

FOLDER = configs_folder() / "darling"
NAMES = sorted(file.name.removesuffix(".yaml") for file in FOLDER.iterdir() if file.name.endswith(".yaml"))


def launch(config) -> None:
    from verl.utils import config as verl_config

    verl_config.validate_config(config, use_reference_policy=False, use_critic=False)


PARTS = ["base", "cpu"]  # what other configurations are made of; the rest are whole jobs but for data and model
RECIPES = ["creative", "math"]  # their classifiers are on a hub: tests/launch/recipes


@pytest.mark.parametrize("name", [*(name for name in NAMES if name not in PARTS + RECIPES), "[countdown,cpu]"])
def test_a_job_passes_verls_validation_as_it_is_shipped(name, compose):
    config = compose(f"+darling={name}", required=["critic.enable=false"])
    launch(config)
    assert uses_darling(config)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_passes_with_what_verl_asks_of_every_job(name, compose):
    config = compose(f"+darling={name}")
    launch(config)
    assert uses_darling(config) == (name == "base")


def test_base_lists_every_setting_with_its_default():
    node = yaml.safe_load((FOLDER / "base.yaml").read_text())["darling"]
    assert node == DarlingSettings().model_dump()


def test_base_lets_settings_change_without_a_plus(compose):
    config = compose("+darling=base", "darling.diversity.floor=0.2")
    assert read_settings(config).diversity.floor == 0.2


def test_later_configs_win(compose):
    config = compose("+darling=[countdown,cpu]")
    assert config.trainer.device == "cpu"
    assert config.data.train_batch_size == compose("+darling=countdown").data.train_batch_size  # cpu leaves it alone


def test_countdowns_reward_and_similarity_can_be_loaded(compose):
    from verl.trainer.ppo.reward import get_custom_reward_fn

    config = compose("+darling=countdown")
    assert callable(get_custom_reward_fn(config))
    assert read_settings(config).similarity.build().function == "darling_plugin.countdown.similarity:equivalent"


@pytest.mark.filterwarnings("ignore:set sequence parallel to false as TP size is 1")
def test_megatron_composes(compose):
    config = compose("model_engine=megatron", "algorithm.adv_estimator=darling")
    assert config.actor_rollout_ref.actor.strategy == "megatron"
    launch(config)
