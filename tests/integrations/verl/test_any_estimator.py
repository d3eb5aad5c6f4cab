"""`darling.reward=true`: verl's own estimators on the fused reward, and its policy losses on what comes out."""

import numpy as np
import pytest
from hook_batches import Output, group
from protos import make_proto

from darling_plugin.errors import ConfigError
from darling_plugin.integrations.verl import estimator

# x, x, y of quality 1 and z of 0: d = 2/3, 2/3, 1, 1; fused 2/3, 2/3, 1, 0; gain −1/3, −1/3, 0, 0.
GROUP = group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0), ("z", 0.0))
FUSED = np.array([2 / 3, 2 / 3, 1.0, 0.0])
GAIN = FUSED - [1.0, 1.0, 1.0, 0.0]
MEAN = FUSED.mean()

# What each estimator makes of a response's reward, worked out by its formula. All responses have two tokens.
ESTIMATORS = {
    "grpo": FUSED - MEAN,  # norm_adv_by_std_in_grpo=false
    "grpo_vectorized": (FUSED - MEAN) / FUSED.std(ddof=1),  # verl 0.9.1 does not give it the setting
    "rloo": (FUSED - MEAN) * 4 / 3,  # r − mean of the three others
    "rloo_vectorized": (FUSED - MEAN) * 4 / 3,
    "opo": FUSED - MEAN,  # the baseline is weighted by length: all are equal
    # Return 2 tokens each, whitened over the batch: zero mean, unit deviation (with Bessel's correction over 8 tokens).
    "reinforce_plus_plus": (FUSED - MEAN) / np.repeat(FUSED, 2).std(ddof=1),
    "gae": (FUSED - MEAN) / np.repeat(FUSED, 2).std(ddof=1),  # values 0, gamma = lambda = 1: the same returns
}


@pytest.fixture
def fused(verl, compose, tokenizer):
    """fused(name) -> the DataProto after verl's `compute_advantage` with the gain of GROUP."""

    def computed(name):
        from verl.trainer.ppo import ray_trainer

        config = compose(f"algorithm.adv_estimator={name}", "algorithm.norm_adv_by_std_in_grpo=false").algorithm
        proto = make_proto(GROUP, tokenizer)
        rows = np.arange(4)
        with estimator.estimating(estimator.EstimatorBatch(rows, rows, np.zeros(4), gain=GAIN)):
            estimator.add_gain(proto)
        return ray_trainer.compute_advantage(
            proto, config.adv_estimator, gamma=1.0, lam=1.0, norm_adv_by_std_in_grpo=False, config=config
        )

    return computed


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_estimator_works_on_the_fused_reward(fused, name):
    proto = fused(name)
    assert proto.batch["token_level_rewards"].sum(dim=-1).tolist() == pytest.approx(FUSED.tolist())
    assert proto.batch["token_level_scores"].sum(dim=-1).tolist() == [1, 1, 1, 0]  # pure quality
    for token in (0, 1):
        assert proto.batch["advantages"][:, token].tolist() == pytest.approx(ESTIMATORS[name].tolist(), abs=1e-4)


@pytest.mark.parametrize("name", ["vanilla", "gspo", "cispo", "sapo", "clip_cov", "kl_cov", "geo_mean", "gpg"])
def test_policy_losses_take_either_advantage(fused, compose, name):
    import torch
    from verl.trainer.ppo.core_algos import get_policy_loss_fn
    from verl.utils.config import omega_conf_to_dataclass

    config = compose(
        f"actor_rollout_ref.actor.policy_loss.loss_mode={name}",
        "actor_rollout_ref.actor.clip_ratio_high=0.28",  # clip-higher
        "actor_rollout_ref.actor.rollout_n=4",
    )
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    proto = fused("rloo")
    log_prob = torch.full(proto.batch["advantages"].shape, -0.5, requires_grad=True)
    loss, _ = get_policy_loss_fn(name)(
        proto.batch["old_log_probs"],
        log_prob,
        proto.batch["advantages"],
        proto.batch["response_mask"],
        "token-mean",
        actor,
    )
    (gradient,) = torch.autograd.grad(loss, log_prob)
    # y is alone in its class: its tokens get more probable; z is wrong: less. (kl_cov, clip_cov leave some tokens out.)
    assert gradient[2].sum() <= 0 <= gradient[3].sum() and gradient.abs().sum() > 0


def test_the_gain_is_on_the_last_token_that_the_policy_wrote(tokenizer, verl):
    # "xy" and an end: a tool wrote the first token; row 1 is shorter.
    proto = make_proto([Output("xy", 1.0, by_tool=1), Output("z", 0.0, session=1)], tokenizer)
    rows = np.arange(2)
    with estimator.estimating(estimator.EstimatorBatch(rows, rows, np.zeros(2), gain=np.array([-0.5, 0.25]))):
        estimator.add_gain(proto)
    assert proto.batch["token_level_rewards"].tolist() == [[0, 0, 0.5], [0, 0.25, 0]]


@pytest.mark.parametrize(("name", "expected"), [("grpo", FUSED - MEAN), ("rloo", (FUSED - MEAN) * 4 / 3)])
def test_the_v1_trainer_gives_it_to_verls_estimator(make_trainer, compute, name, expected):
    trainer = make_trainer("++darling.reward=true", "algorithm.norm_adv_by_std_in_grpo=false", estimator=name)
    got = compute(trainer, GROUP)
    assert got.values == pytest.approx(expected.tolist())
    assert [sum(row) for row in got.rm_scores] == [1, 1, 1, 0]


REFUSED = [
    ("darling", [], "already uses the fused reward"),
    ("grpo", ["++darling.monitor=true"], "monitor does not change rewards"),
    ("gdpo", [], "reads the reward function's components"),
    ("rloo", ["++darling.advantage.normalize_by_std=true"], "rloo computes the"),
    ("rloo", ["++darling.objective=protos_objectives:Uncentered"], "not rewards minus their mean, so rloo cannot"),
]


@pytest.mark.parametrize(("name", "overrides", "message"), REFUSED)
def test_what_would_have_no_effect_is_refused(compose, name, overrides, message):
    from darling_plugin.integrations.verl.validate import validate_job

    with pytest.raises(ConfigError, match=message):
        validate_job(compose(f"algorithm.adv_estimator={name}", "++darling.reward=true", *overrides))
