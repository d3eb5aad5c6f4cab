"""When the partition service starts: with GPUs after verl's own pools, else with the trainer."""

import pytest

from darling_plugin.integrations.verl import run as runs
from darling_plugin.integrations.verl.partitions import find_slots
from darling_plugin.similarity import CascadeSimilarity, LexicalSimilarity, build_similarity

SHARED = ["++darling.service.backend=ray", "++darling.service.placement=shared"]


class Group:
    bundle_specs = ({"GPU": 1.0}, {"GPU": 1.0})


class Pools:
    """What verl's `ResourcePoolManager` has once it has made its groups: one node of two GPUs."""

    def __init__(self):
        self.resource_pool_dict = {"global_pool": self}

    def get_placement_groups(self):
        return [Group]


@pytest.fixture
def started(make_trainer, monkeypatch):
    """started(*overrides) -> what happened, in order, and verl's groups that the service was given."""
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    def setup(trainer):
        happened.append("verl's pools")
        trainer.resource_pool_manager, trainer.train_dataset = Pools(), None
        trainer._load_checkpoint()

    def service(config, settings, similarity, groups):
        happened.append(("service", list(groups)))

    def load(trainer):
        trainer.global_steps = 0

    happened = []
    monkeypatch.setattr(PPOTrainer, "_setup", setup)
    monkeypatch.setattr(PPOTrainer, "_load_checkpoint", load)
    monkeypatch.setattr(runs, "open_service", service)

    def start(*overrides):
        trainer = make_trainer(*overrides)
        assert trainer._watched
        trainer._setup()
        return happened

    return start


def test_replicas_with_gpus_start_after_verls_pools(started):
    assert started(*SHARED) == ["verl's pools", ("service", [Group])]


def test_a_service_on_the_cpus_starts_with_the_trainer(started):
    assert started() == [("service", []), "verl's pools"]


def test_each_classifier_of_a_cascade_has_a_place(compose):
    from darling_plugin.integrations.verl.validate import read_settings

    config = compose("algorithm.adv_estimator=darling", *SHARED, "actor_rollout_ref.rollout.gpu_memory_utilization=0.6")
    service = read_settings(config).service
    alone = find_slots(config, service, LexicalSimilarity(), [Group])
    assert [(slot.bundle, slot.kept_free, slot.owned) for slot in alone] == [(0, 0.6, False), (1, 0.6, False)]
    cascade = object.__new__(CascadeSimilarity)
    assert [slot.bundle for slot in find_slots(config, service, cascade, [Group])] == [0, 1, 0, 1]


def test_the_shipped_classifier_may_have_gpus():
    from darling_plugin.config import ServiceSettings
    from darling_plugin.integrations.verl.partitions import needs_gpus

    similarity = build_similarity("classifier")
    assert needs_gpus(ServiceSettings(placement="shared"), similarity)
    assert needs_gpus(ServiceSettings(backend="vllm"), similarity)
    assert not needs_gpus(ServiceSettings(), similarity)
    assert not needs_gpus(ServiceSettings(placement="shared"), None)  # an objective that compares nothing
