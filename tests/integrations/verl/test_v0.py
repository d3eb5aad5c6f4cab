"""verl's V0 trainers, through their own functions on a real DataProto. A one-letter text equals its copies only."""

from importlib import import_module
from importlib.util import find_spec

import pytest
from hook_batches import group
from omegaconf import OmegaConf
from protos import advantages, make_proto

from darling_plugin.errors import ConfigError

# classes {x, x}, {y}, {z}: d = 2/3, 2/3, 1, 1; r = 2/3, 2/3, 1, 0; mean 7/12.
GROUP = group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0), ("z", 0.0))
EXPECTED = [1 / 12, 1 / 12, 5 / 12, -7 / 12]


@pytest.fixture
def v0_config(compose, tmp_path):
    def made(*overrides, estimator="darling"):
        return compose(
            f"algorithm.adv_estimator={estimator}",
            "++trainer.use_v1=false",
            f"trainer.default_local_dir={tmp_path}",
            "++darling.service.backend=local",
            *overrides,
        )

    return made


@pytest.fixture
def make_v0(v0_config, tokenizer, monkeypatch):
    """make_v0(*overrides) -> verl's RayPPOTrainer, as far as its constructor's call that notes it."""
    from verl.trainer.ppo.ray_trainer import RayPPOTrainer

    from darling_plugin.integrations.verl import v0

    monkeypatch.setattr(v0, "_current", None)
    runs = []

    def made(*overrides, estimator="darling", cls=RayPPOTrainer):
        trainer = object.__new__(cls)
        trainer.config, trainer.tokenizer, trainer.global_steps = (
            v0_config(*overrides, estimator=estimator),
            tokenizer,
            1,
        )
        trainer._init_dump_executor()
        runs.append(v0.adapt(trainer))
        return trainer

    yield made
    for run in runs:
        run._close_darling()


def compute(trainer, proto):
    """As `RayPPOTrainer.fit` of verl 0.9.1 calls it."""
    from verl.trainer.ppo import ray_trainer

    algorithm = trainer.config.algorithm
    return ray_trainer.compute_advantage(
        proto,
        adv_estimator=algorithm.adv_estimator,
        gamma=algorithm.gamma,
        lam=algorithm.lam,
        num_repeat=trainer.config.actor_rollout_ref.rollout.n,
        norm_adv_by_std_in_grpo=algorithm.norm_adv_by_std_in_grpo,
        config=algorithm,
    )


def test_quality_times_diversity_minus_the_mean(make_v0, tokenizer):
    other = group("b", ("word", 1.0), ("word", 0.0))  # one class: d = 0.1; r = 0.1, 0
    rows = [GROUP[3], other[0], GROUP[1], GROUP[0], other[1], GROUP[2]]
    trainer = make_v0()
    proto = compute(trainer, make_proto(rows, tokenizer))
    assert advantages(proto) == pytest.approx([-7 / 12, 0.05, 1 / 12, 1 / 12, -0.05, 5 / 12])
    assert proto.batch["token_level_scores"].sum().item() == 4.0  # pure quality


def test_verls_task_runner_can_be_sent_to_ray(verl):
    # Ray pickles an actor class with the functions that its methods call, and verl's calls `validate_config`.
    from ray import cloudpickle

    found = find_spec("verl.trainer.main_ppo_v0")  # before verl 0.9, V0 was main_ppo
    main = import_module("verl.trainer.main_ppo_v0" if found else "verl.trainer.main_ppo")
    runner = main.TaskRunner  # the class itself in verl 0.8, and an actor's in verl 0.9
    assert cloudpickle.dumps(runner.__ray_metadata__.modified_class if found else runner)


def test_metrics_are_logged_with_verls_own(make_v0, tokenizer):
    from verl.trainer.ppo import ray_trainer

    trainer = make_v0()
    proto = compute(trainer, make_proto(GROUP, tokenizer))
    proto.batch["returns"] = proto.batch["advantages"]
    figures = ray_trainer.compute_data_metrics(batch=proto, use_critic=False)
    assert figures["darling/classes/mean"] == 3.0
    assert figures["critic/score/mean"] == pytest.approx(0.75)
    assert "darling/classes/mean" not in ray_trainer.compute_data_metrics(batch=proto, use_critic=False)


def test_another_estimator_is_left_alone(make_v0, tokenizer):
    trainer = make_v0(estimator="grpo")
    proto = compute(trainer, make_proto(GROUP, tokenizer))
    # scores 1, 1, 1, 0: mean 3/4, std 1/2
    assert advantages(proto) == pytest.approx([0.5, 0.5, 0.5, -1.5], abs=1e-4)


def test_another_estimator_is_given_the_fused_reward(make_v0, tokenizer):
    trainer = make_v0("++darling.reward=true", "algorithm.norm_adv_by_std_in_grpo=false", estimator="grpo")
    assert advantages(compute(trainer, make_proto(GROUP, tokenizer))) == pytest.approx(EXPECTED)


def test_a_batch_without_uid_is_refused(make_v0, tokenizer):
    proto = make_proto(GROUP, tokenizer)
    del proto.non_tensor_batch["uid"]
    with pytest.raises(ConfigError, match="has no `uid`"):
        compute(make_v0(), proto)


@pytest.mark.parametrize(
    "path",
    [
        "verl.experimental.one_step_off_policy.ray_trainer.OneStepOffRayTrainer",
        "verl.experimental.fully_async_policy.fully_async_trainer.FullyAsyncTrainer",
    ],
)
def test_verls_experimental_trainers_call_the_same_function(make_v0, tokenizer, path):
    import importlib

    import torch

    module, name = path.rsplit(".", 1)
    cls = getattr(importlib.import_module(module), name)
    cls = cls.__ray_metadata__.modified_class if hasattr(cls, "__ray_metadata__") else cls
    trainer = make_v0(cls=cls)
    proto = make_proto(GROUP, tokenizer)
    trainer.metrics, trainer.timing_raw, trainer.reward_extra_infos_dict = {}, {}, {}
    trainer.reward_tensor = proto.batch.pop("token_level_scores")
    proto.batch["rollout_log_probs"] = torch.full(trainer.reward_tensor.shape, -0.5)
    assert advantages(trainer._fit_compute_advantage(proto)) == pytest.approx(EXPECTED)


def test_gpus_that_cannot_be_placed_are_refused_at_the_start(make_v0):
    from verl.experimental.fully_async_policy.fully_async_trainer import FullyAsyncTrainer

    cls = FullyAsyncTrainer.__ray_metadata__.modified_class
    with pytest.raises(ConfigError, match=r"placement=dedicated: verl's FullyAsyncTrainer makes its .*placement=cpu"):
        make_v0("++darling.service.backend=ray", "++darling.service.placement=dedicated", cls=cls)


def test_the_object_that_only_samples_opens_no_service(make_v0):
    """fully_async_policy's rollouter is of the same class as its trainer, in a process of its own."""
    from verl.experimental.fully_async_policy.fully_async_rollouter import FullyAsyncRollouter

    from darling_plugin.integrations.verl import v0

    cls = FullyAsyncRollouter
    rollouter = make_v0(cls=cls.__ray_metadata__.modified_class if hasattr(cls, "__ray_metadata__") else cls)
    assert not v0.adapt(rollouter).started and v0.adapt(rollouter)._service is None


def test_wrong_settings_stop_the_job_in_the_constructor(make_v0):
    with pytest.raises(ConfigError, match=r"darling.diversity.floor: .* less than or equal to 1"):
        make_v0("++darling.diversity.floor=2")


def test_the_state_is_saved_and_resumed(make_v0, v0_config, tokenizer, tmp_path, monkeypatch):
    trainer = make_v0()
    from darling_plugin.integrations.verl import v0

    compute(trainer, make_proto(group("a", ("x", -1.0), ("y", 1.0)), tokenizer))  # the shift is found: −1
    v0.adapt(trainer)._save_darling()
    second = make_v0()
    v0.adapt(second).start()
    assert v0.adapt(second)._step.state_dict()["shift"] == -1.0


def test_prompts_have_the_same_name_in_every_step(make_v0, tokenizer):
    from darling_plugin.integrations.verl.v0 import read_rollouts

    rows = group("a", ("x", 1.0), prompt="long prompt") + group("b", ("x", 0.0), prompt="p")
    alone = read_rollouts(make_proto(rows[1:], tokenizer), tokenizer, frozenset({"prompts"}))
    both = read_rollouts(make_proto(rows, tokenizer), tokenizer, frozenset({"prompts", "logprobs"}))
    assert both.prompts[1] == alone.prompts[0] != both.prompts[0]  # padding is no part of it
    assert both.logprobs.tolist() == [-0.5, -0.5]
    assert both.texts == ["x", "x"]


def test_a_configuration_without_v1_is_taken(v0_config):
    from darling_plugin.integrations.verl.validate import validate_job

    config = v0_config()
    OmegaConf.set_struct(config, False)
    del config.trainer.use_v1
    config.trainer.pop("v1", None)
    validate_job(config)
