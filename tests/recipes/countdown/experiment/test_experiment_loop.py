"""The loss against hand-worked numbers and against verl's; the loop killed and taken up again."""

import time
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from darling_plugin.evaluation.semantic import distinct_correct
from recipes.countdown.experiment import loop as loops
from recipes.countdown.experiment.forward import read
from recipes.countdown.experiment.loop import Loop, OutOfTime, batch_of, evaluation_steps, learning_rate, train
from recipes.countdown.experiment.loss import policy_loss
from recipes.countdown.experiment.measure import Measured, measure
from recipes.countdown.experiment.policy import (
    END,
    decode,
    load_policy,
    prompt_ids,
    written,
)
from recipes.countdown.experiment.prompts import held_out, rl_prompts
from recipes.countdown.experiment.rewards import Rewards
from recipes.countdown.experiment.settings import Run
from recipes.countdown.model import VOCABULARY


def test_loss_by_hand():
    # Ratios 1.5 and 0.5 for A = 1: min(1.5, 1.2) and min(0.5, 0.8); for A = −1: max(1.5, 1.2) and max(0.5, 0.8).
    ratio = torch.tensor([[1.5, 0.5], [1.5, 0.5], [4.0, 1.0]])
    old = torch.full((3, 2), -1.0)
    mask = torch.tensor([[True, True], [True, True], [True, False]])
    advantages = torch.tensor([1.0, -1.0, -1.0])
    # The last ratio of 4 is bounded: 3. Its second token does not count: five tokens.
    expected = (-1.2 - 0.5 + 1.5 + 0.8 + 3.0) / 5
    assert policy_loss(old + ratio.log(), old, advantages, mask).item() == pytest.approx(expected)


def test_at_ratio_one_the_gradient_is_that_of_the_log_probability():
    log_prob = torch.tensor([[-0.5, -2.0], [-1.0, -0.1]], requires_grad=True)
    policy_loss(log_prob, log_prob.detach(), torch.tensor([0.5, -0.25]), torch.ones(2, 2, dtype=torch.bool)).backward()
    assert log_prob.grad.tolist() == [[-0.125, -0.125], [0.0625, 0.0625]]  # −A / 4 tokens


@pytest.mark.skipif(find_spec("verl") is None, reason="verl is not installed")
def test_loss_and_gradient_equal_verls(untrained, monkeypatch):
    """On a policy's own numbers, with ratios on both sides of every clip."""
    monkeypatch.setenv("VERL_PLATFORM", "cpu")  # verl chooses it when it is imported, for the whole session
    monkeypatch.setenv("VERL_ENGINE_DEVICE", "cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # verl names each engine whose package is absent
        from verl.trainer.ppo.core_algos import get_policy_loss_fn
        from verl.workers.config import ActorConfig
    policy, rng = load_policy(untrained), torch.Generator().manual_seed(0)
    prompts = prompt_ids(rl_prompts(0, 64))
    responses = torch.randint(0, len(VOCABULARY), (64, 8), generator=rng)
    mask = written(responses)
    advantages = torch.randn(64, generator=rng)
    of_row = torch.arange(64)
    old = read(policy, prompts, of_row, responses).detach()
    old = old + torch.randn(old.shape, generator=rng)  # ratios from e^−3 to e^3
    config = ActorConfig(strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1)

    def verls(log_prob):
        broadcast = advantages[:, None].expand_as(log_prob)
        loss = get_policy_loss_fn("vanilla")
        return loss(old, log_prob, broadcast, mask, loss_agg_mode="token-mean", config=config)[0]

    gradients = []
    for loss in (verls, lambda log_prob: policy_loss(log_prob, old, advantages, mask)):
        policy.zero_grad()
        value = loss(read(policy, prompts, of_row, responses))
        value.backward()
        gradients.append((value.item(), [p.grad.clone() for p in policy.parameters()]))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-6)
    for verl, ours in zip(gradients[0][1], gradients[1][1], strict=True):
        assert torch.allclose(verl, ours, rtol=1e-5, atol=1e-8)


def test_a_response_ends_with_its_first_end_token():
    rows = torch.tensor([[VOCABULARY["8"], VOCABULARY["*"], VOCABULARY["3"], END, VOCABULARY["1"]], [END] * 5])
    assert written(rows).tolist() == [[True, True, True, True, False], [True, False, False, False, False]]
    assert decode(rows) == ["8*3", ""]


def test_an_epoch_shows_each_prompt_once(tiny):
    run = tiny()
    epochs = [np.concatenate([batch_of(run, step).numpy() for step in (2 * e, 2 * e + 1)]) for e in (0, 1)]
    assert all(sorted(epoch) == list(range(8)) for epoch in epochs)
    assert list(epochs[0]) != list(epochs[1])


def test_the_learning_rate_rises_as_verls_does():
    assert [learning_rate(Run(learning_rate=1.0), step) for step in range(7)] == [0, 0.2, 0.4, 0.6, 0.8, 1, 1]


def test_steps_of_evaluation(tiny):
    assert evaluation_steps(tiny()) == [0, 4, 6]
    assert evaluation_steps(Run()) == [0, 100, 200, 300, 400]


def weights(policy):
    return {name: tensor.clone() for name, tensor in policy.state_dict().items()}


def test_a_step_moves_the_policy_towards_what_was_rewarded(tiny, untrained, monkeypatch):
    """The warm start of the rate leaves the first step without effect; later ones raise what is called right."""
    monkeypatch.setattr(loops, "quality_of", lambda prompts, texts: np.array([float(t[:1] == "1") for t in texts]))
    run = tiny(fusion="quality", n=16, rl_prompts=32, step_prompts=32)
    loop = Loop(run, untrained, Rewards(run))
    before = weights(loop.policy)
    loop.train_step()
    assert all(torch.equal(tensor, before[name]) for name, tensor in loop.policy.state_dict().items())
    for _ in range(5):
        loop.train_step()
    shares = [row["quality/mean"] for row in loop.training]
    assert shares[-1] > shares[0] + 0.2  # one of eighteen tokens at first


@pytest.mark.parametrize(
    "other", [{}, {"fusion": "quality"}, {"seed": 1}, {"samples": 4}, {"rl_kind": "either"}, {"held_out_from": 8}]
)
def test_what_is_measured_before_is_the_runs_own(other, tiny, untrained):
    """It is kept from run to run, whatever the method; another seed or other prompts are measured anew."""
    assert Loop(tiny(), untrained, Rewards(tiny())).evaluate()["step"] == 0
    run = tiny(**other)
    measured = Loop(run, untrained, Rewards(run)).evaluate()
    assert measured == {"step": 0, **loops.evaluate(run, load_policy(untrained))}


class Killed(Exception):
    pass


@pytest.mark.parametrize("noise", [{}, {"false_same": 0.2, "representatives": True}])
def test_killed_and_taken_up_again_it_ends_as_if_nothing_had_happened(tiny, untrained, tmp_path, monkeypatch, noise):
    monkeypatch.setattr(loops, "SAVE_EVERY", 2)
    run = tiny(**noise)
    whole = train(run, untrained, tmp_path / "whole")

    def kill(step):
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(run, untrained, tmp_path / "killed", progress=kill)
    steps = []
    resumed = train(run, untrained, tmp_path / "killed", progress=steps.append)
    assert steps == [5, 6]  # from the state saved after step 4
    assert (resumed.training, resumed.evaluations) == (whole.training, whole.evaluations)
    assert [row["step"] for row in whole.training] == [1, 2, 3, 4, 5, 6]
    assert [found["step"] for found in whole.evaluations] == [0, 4, 6]
    with pytest.raises(AssertionError):  # and the seed matters
        assert train(tiny(seed=1, **noise), untrained, tmp_path / "other").training == whole.training


def test_out_of_time_saves_first(tiny, untrained, tmp_path):
    run = tiny()
    with pytest.raises(OutOfTime):
        train(run, untrained, tmp_path, deadline=time.monotonic())
    steps = []
    train(run, untrained, tmp_path, progress=steps.append)
    assert steps[0] == 2  # one step was done, and kept


def test_the_state_of_another_run_is_not_taken_up(tiny, untrained, tmp_path):
    with pytest.raises(OutOfTime):
        train(tiny(), untrained, tmp_path, deadline=time.monotonic())
    steps = []
    train(tiny(seed=7), untrained, tmp_path, progress=steps.append)
    assert steps[0] == 1


def test_measuring(untrained):
    found = measure(load_policy(untrained), held_out("validation", 3), 4, "held_out")
    assert found == measure(load_policy(untrained), held_out("validation", 3), 4, "held_out")
    assert (len(found.solved), found.samples) == (3, 4)
    assert 0 < found.entropy <= np.log(len(VOCABULARY))


def test_metrics_follow_from_the_sizes_of_the_classes():
    # Four samples: classes of two and one; nothing right; all right and the same.
    found = Measured([[2, 1], [], [4]], 4, 0.0)
    assert found.pass_at(1).tolist() == [3 / 4, 0, 1]
    # 1 − C(2, 2)/C(4, 2) = 5/6 and 1 − C(3, 2)/6 = 1/2; 0; 1.
    assert found.classes_at(2) == pytest.approx([5 / 6 + 1 / 2, 0, 1])
    assert found.classes_at(2)[0] == pytest.approx(distinct_correct([0, 0, 1, 2], [True, True, True, False], 2))
